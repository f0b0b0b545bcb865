import { registerRoute } from 'workbox-routing';
import { NetworkFirst } from 'workbox-strategies';
import { CACHES, NETWORK_TIMEOUT_SECONDS } from './caches';
import { serveDoor } from './common';

declare const self: ServiceWorkerGlobalScope & {
  readonly __WB_MANIFEST: { url: string; revision: string | null }[];
};

serveDoor(self, {
  files: self.__WB_MANIFEST,
  page: '/index.html',
  // The other doors bring their own pages; a tracked code is always asked afresh.
  denied: [/^\/petugas(\/|$)/, /^\/kantor(\/|$)/, /^\/papan(\/|$)/, /^\/api\//, /^\/sync\//],
});

/** Read by every resident's page; fetched while installing, so that the second visit needs no network. */
const FIRST_NEEDED = ['/api/public/site', '/api/public/services', '/api/public/days'];

/** Published information; a tracked application is personal and is never kept. */
const PUBLIC_DATA = /^\/api\/public\/(site|services|days|regions)$/;

registerRoute(
  ({ url, sameOrigin }) => sameOrigin && PUBLIC_DATA.test(url.pathname),
  new NetworkFirst({
    cacheName: CACHES.publicData,
    networkTimeoutSeconds: NETWORK_TIMEOUT_SECONDS,
  }),
);

self.addEventListener('install', (event) => {
  event.waitUntil(keepFirstNeeded());
});

/** Best effort: without these the door still installs, and keeps them at the next visit. */
async function keepFirstNeeded(): Promise<void> {
  const cache = await caches.open(CACHES.publicData);
  await Promise.allSettled(FIRST_NEEDED.map((path) => cache.add(path)));
}
