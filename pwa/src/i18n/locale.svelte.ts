/** Indonesian first; English for those who ask for it. */
export type Locale = 'id' | 'en';

const KEY = 'mpp-locale';

const first = stored();
let current = $state<Locale>(first);
if (typeof document !== 'undefined') document.documentElement.lang = first;

function stored(): Locale {
  // Storage can be forbidden (private mode) or absent (tests); then it is Indonesian.
  try {
    return localStorage.getItem(KEY) === 'en' ? 'en' : 'id';
  } catch {
    return 'id';
  }
}

export function locale(): Locale {
  return current;
}

export function setLocale(next: Locale): void {
  current = next;
  document.documentElement.lang = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    return;
  }
}
