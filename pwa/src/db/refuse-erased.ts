/** It is about a document that the office erased: nothing may be written of it any more. */
export class RecordErased extends Error {
  readonly code = 'RECORD_ERASED';
}

/** To be called in the transaction that writes. */
export async function refuseErased(
  tombstones: { getKey(document: string): Promise<string | undefined> },
  documents: readonly string[],
): Promise<void> {
  for (const document of documents) {
    if ((await tombstones.getKey(document)) !== undefined) throw new RecordErased();
  }
}
