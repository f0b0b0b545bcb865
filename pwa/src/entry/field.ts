import { mount } from 'svelte';
import '../ui/shared/app.css';
import { registerWorker } from '../lib/update.svelte.ts';
import { startRouter } from '../lib/router.svelte.ts';
import FieldApp from '../ui/field/FieldApp.svelte';

const DOOR = '/petugas/';

// A service worker's scope ends with a slash: left at /petugas, the app would not start offline.
if (location.pathname.startsWith(DOOR)) {
  startRouter();
  mount(FieldApp, { target: document.querySelector('#app') ?? document.body });
  void registerWorker(`${DOOR}sw.js`, DOOR);
} else {
  location.replace(DOOR + location.hash);
}
