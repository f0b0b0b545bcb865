import { mount } from 'svelte';
import '../ui/shared/app.css';
import { startRouter } from '../lib/router.svelte.ts';
import OfficeApp from '../ui/office/OfficeApp.svelte';

startRouter();
mount(OfficeApp, { target: document.querySelector('#app') ?? document.body });
