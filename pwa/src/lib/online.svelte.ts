/** Whether the browser believes that it has a network. False is certain, true is only a hope. */
let up = $state(typeof navigator === 'undefined' || navigator.onLine);

export function online(): boolean {
  return up;
}

/** Call once, in the door's entry; `back` is told whenever the network returns. */
export function watchNetwork(back: () => void): void {
  window.addEventListener('online', () => {
    up = true;
    back();
  });
  window.addEventListener('offline', () => (up = false));
}
