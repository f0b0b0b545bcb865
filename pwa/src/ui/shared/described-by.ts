/** What surrounds an input in a `FieldFrame`. */
export interface Notes {
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
  readonly warning?: string | undefined;
}

/** The `aria-describedby` of an input: the ids of the notes that are shown. */
export function describedBy(id: string, notes: Notes): string | undefined {
  const shown = (['hint', 'error', 'warning'] as const).filter((kind) => notes[kind]);
  return shown.length === 0 ? undefined : shown.map((kind) => `${id}-${kind}`).join(' ');
}
