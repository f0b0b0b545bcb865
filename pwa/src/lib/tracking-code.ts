/** Signs of a tracking code: ten, without 0/O/1/I, which people confuse. The last one checks. */
export const CODE_LENGTH = 10;
const GROUP = 5;
const ALPHABET = /[^2-9A-HJ-NP-Z]/g;

/** What a person typed, pasted or read aloud, as signs of a code; at most ten. */
export function codeSigns(typed: string): string {
  return typed.toUpperCase().replace(ALPHABET, '').slice(0, CODE_LENGTH);
}

/** "xxxxx xxxxx" → "XXXXX-XXXXX", also while it is being typed. */
export function formatCode(typed: string): string {
  const signs = codeSigns(typed);
  return signs.length > GROUP ? `${signs.slice(0, GROUP)}-${signs.slice(GROUP)}` : signs;
}

export function isComplete(typed: string): boolean {
  return codeSigns(typed).length === CODE_LENGTH;
}
