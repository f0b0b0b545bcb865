import { mount } from 'svelte';
import '../ui/shared/app.css';
import { officeSite, resume } from '../actions/office/session.svelte.ts';
import { watchNetwork } from '../lib/online.svelte.ts';
import { startRouter } from '../lib/router.svelte.ts';
import OfficeApp from '../ui/office/OfficeApp.svelte';

startRouter();
watchNetwork(() => void resume());
void officeSite.reload();
void resume();
mount(OfficeApp, { target: document.querySelector('#app') ?? document.body });
