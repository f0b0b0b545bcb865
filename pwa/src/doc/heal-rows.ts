import { allSaves } from '../db/outbox';
import type { Database } from '../db/open';
import { putLines, readDocuments, withoutRow } from '../db/records';
import { saveKey } from '../db/schema';
import { lineOf } from './row';

/** Makes the lines of documents that have none, from their views. Returns the documents. */
export async function healRows(db: Database): Promise<string[]> {
  const lost = await withoutRow(db);
  if (lost.length === 0) return [];
  const unsent = new Map<string, string[]>();
  for (const { session, number, entries, unconfirmed } of await allSaves(db)) {
    if (unconfirmed === undefined) continue;
    for (const { document } of entries) {
      unsent.set(document, [...(unsent.get(document) ?? []), saveKey(session, number)]);
    }
  }
  const rows = (await readDocuments(db, lost)).flatMap((stored) => {
    const view = stored?.view ?? null;
    return view === null ? [] : [{ ...lineOf(view), unsent: unsent.get(view.id) ?? [] }];
  });
  await putLines(db, rows);
  return rows.map(({ id }) => id);
}
