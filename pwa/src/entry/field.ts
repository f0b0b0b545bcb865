import { mount } from 'svelte';
import '../ui/shared/app.css';
import { registerWorker } from '../lib/update.svelte.ts';
import { startRouter } from '../lib/router.svelte.ts';
import FieldApp from '../ui/field/FieldApp.svelte';

startRouter();
mount(FieldApp, { target: document.querySelector('#app') ?? document.body });
void registerWorker('/petugas/sw.js', '/petugas/');
