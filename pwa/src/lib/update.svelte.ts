import { TAKE_OVER } from '../sw/caches';

let waiting = $state<ServiceWorker | null>(null);

/** True while a newer version has been downloaded and waits for the person to accept it. */
export function updateOffered(): boolean {
  return waiting !== null;
}

/** The person accepted: the new version takes over and the page loads again, once. */
export function acceptUpdate(): void {
  if (waiting === null) return;
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), {
    once: true,
  });
  waiting.postMessage(TAKE_OVER);
}

/**
 * Registers the door's service worker. A browser without one (private mode, plain http) still
 * gets the door, only not without a network.
 */
export async function registerWorker(script: string, scope: string): Promise<void> {
  if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return;
  const registration = await navigator.serviceWorker
    .register(script, { scope, updateViaCache: 'none' })
    .catch(() => null);
  if (registration === null) return;
  offer(registration);
  registration.addEventListener('updatefound', () => {
    registration.installing?.addEventListener('statechange', () => offer(registration));
  });
  // An installed app may stay open for days; ask again whenever it is looked at.
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void registration.update().catch(() => undefined);
  });
}

/** A first install has no predecessor, so there is nothing to offer. */
function offer(registration: ServiceWorkerRegistration): void {
  if (registration.waiting !== null && registration.active !== null) waiting = registration.waiting;
}
