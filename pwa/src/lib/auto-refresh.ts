/** Milliseconds between two looks at the office; what a tablet sent is seen within this time. */
export const REFRESH_MS = 10_000;

/**
 * Calls `refresh` every ten seconds while the page is looked at, and at once when it is looked at
 * again. Returns what stops it, so that it can be the body of an `$effect`.
 */
export function autoRefresh(refresh: () => void): () => void {
  const whenSeen = (): void => {
    if (document.visibilityState === 'visible') refresh();
  };
  const timer = setInterval(whenSeen, REFRESH_MS);
  document.addEventListener('visibilitychange', whenSeen);
  window.addEventListener('focus', whenSeen);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', whenSeen);
    window.removeEventListener('focus', whenSeen);
  };
}
