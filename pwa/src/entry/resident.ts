import { mount } from 'svelte';
import '../ui/shared/app.css';
import { registerWorker } from '../lib/update.svelte.ts';
import { startRouter } from '../lib/router.svelte.ts';
import ResidentApp from '../ui/resident/ResidentApp.svelte';

startRouter();
mount(ResidentApp, { target: document.querySelector('#app') ?? document.body });
void registerWorker('/sw.js', '/');
