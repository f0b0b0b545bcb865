/** Which papers of a service the resident has ready; kept on the phone, sent nowhere. */
const KEY = 'mpp-checklist/';

export function readChecklist(service: string): readonly number[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY + service) ?? '[]');
    return Array.isArray(stored) ? stored.filter((item) => typeof item === 'number') : [];
  } catch {
    return [];
  }
}

export function writeChecklist(service: string, ticked: readonly number[]): void {
  try {
    localStorage.setItem(KEY + service, JSON.stringify(ticked));
  } catch {
    // Storage is forbidden or full: the ticks last as long as the page.
    return;
  }
}
