import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';
import { TAKE_OVER } from './caches';

type PrecacheList = Parameters<typeof precacheAndRoute>[0];

interface Door {
  /** What to keep on the device; the build writes it. */
  readonly files: PrecacheList;
  /** The page every navigation inside the door is answered with. */
  readonly page: string;
  /** Paths this worker leaves to the network or to another worker. */
  readonly denied: readonly RegExp[];
}

/**
 * A door that starts without a network. A new version waits until every tab is closed, or until
 * the person accepts it: nothing here takes over by itself.
 */
export function serveDoor(scope: ServiceWorkerGlobalScope, door: Door): void {
  cleanupOutdatedCaches();
  precacheAndRoute(door.files);
  registerRoute(
    new NavigationRoute(createHandlerBoundToURL(door.page), { denylist: [...door.denied] }),
  );
  scope.addEventListener('message', (event) => {
    if (event.data === TAKE_OVER) void scope.skipWaiting();
  });
}
