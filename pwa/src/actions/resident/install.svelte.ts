/** The browser's offer to put the door on the home screen; not every browser makes one. */
interface InstallOffer extends Event {
  prompt(): Promise<unknown>;
}

let offer = $state.raw<InstallOffer | null>(null);

export function installOffered(): boolean {
  return offer !== null;
}

/** Call once, in the door's entry; the event comes early and only once. */
export function watchInstall(): void {
  window.addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    offer = event as InstallOffer;
  });
  window.addEventListener('appinstalled', () => (offer = null));
}

export async function install(): Promise<void> {
  const accepted = offer;
  offer = null;
  await accepted?.prompt();
}
