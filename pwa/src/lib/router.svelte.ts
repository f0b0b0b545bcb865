/** Routing inside a door, by hash: `#/services/DUKCAPIL-02?q=kk`. Works from any cached page. */
export interface Route {
  /** Decoded path segments; empty for the door's home. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

export function parseHash(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const segments = path.split('/').filter((segment) => segment !== '');
  return { path: segments.map(decode), query: new URLSearchParams(query) };
}

export function hrefTo(path: readonly string[], query: Record<string, string> = {}): string {
  const filled = Object.entries(query).filter(([, value]) => value !== '');
  const search = new URLSearchParams(filled).toString();
  const base = `#/${path.map(encodeURIComponent).join('/')}`;
  return search === '' ? base : `${base}?${search}`;
}

/** A hand-typed address with a stray % is a wrong address, not a crash. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** The id of every door's `main`, which takes the focus (`tabindex="-1"`) when the page changes. */
export const MAIN_ID = 'isi';

let current = $state.raw<Route>(parseHash(typeof location === 'undefined' ? '' : location.hash));

export function route(): Route {
  return current;
}

export function goTo(path: readonly string[], query: Record<string, string> = {}): void {
  location.hash = hrefTo(path, query);
}

/** The address follows a filter without a new step in the browser's history. */
export function replaceQuery(query: Record<string, string>): void {
  history.replaceState(history.state, '', hrefTo(current.path, query));
  current = parseHash(location.hash);
}

/** Call once, in the door's entry. */
export function startRouter(): void {
  window.addEventListener('hashchange', () => {
    const before = current.path.join('/');
    current = parseHash(location.hash);
    if (current.path.join('/') === before) return;
    window.scrollTo(0, 0);
    // A screen reader goes on from the new page, not from the link that led there.
    document.getElementById(MAIN_ID)?.focus({ preventScroll: true });
  });
}
