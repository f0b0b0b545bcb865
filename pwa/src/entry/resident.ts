import { mount } from 'svelte';
import '../ui/shared/app.css';
import { watchInstall } from '../actions/resident/install.svelte.ts';
import { loadPublished } from '../actions/resident/published';
import { watchNetwork } from '../lib/online.svelte.ts';
import { startRouter } from '../lib/router.svelte.ts';
import { registerWorker } from '../lib/update.svelte.ts';
import ResidentApp from '../ui/resident/ResidentApp.svelte';

startRouter();
watchNetwork(loadPublished);
watchInstall();
loadPublished();
mount(ResidentApp, { target: document.querySelector('#app') ?? document.body });
void registerWorker('/sw.js', '/');
