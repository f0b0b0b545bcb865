import type { Cursor } from '../core/functions';
import type { Bytes } from '../core/bytes';
import type { Kind, View } from '../core/views';
import type { Database } from './open';
import type { Pulled, RefusedChange, Row } from './schema';
import { inOneTransaction } from './transaction';

/** Logs beside the present one whose places are kept. */
const LOGS_KEPT = 6;

/** What one received record did to one document. */
export interface AppliedDocument {
  id: string;
  kind: Kind;
  /** How many changes the document had when the core read it. */
  read: number;
  accepted: { hash: string; change: Bytes }[];
  view: View | null;
  row: Omit<Row, 'unsent'> | null;
  refused: RefusedChange[];
  /** Keys of changes that were refused before and have passed now. */
  passed: string[];
}

/** A save got in between reading and writing: the record is applied anew. */
export class PullRaced extends Error {}

/**
 * Stores one received record: changes, rows, refusals and the cursors, in one transaction, so that
 * a cut response neither loses nor repeats anything that was said to be held.
 */
export function commitPulled(
  db: Database,
  documents: readonly AppliedDocument[],
  log: string,
  cursors: readonly Cursor[],
): Promise<void> {
  return inOneTransaction(db, ['documents', 'rows', 'refused', 'meta'], async (tx) => {
    for (const applied of documents) {
      const known = await tx.objectStore('documents').get(applied.id);
      if ((known?.changes.length ?? 0) !== applied.read) throw new PullRaced();
      for (const refusal of applied.refused) await tx.objectStore('refused').put(refusal);
      for (const key of applied.passed) await tx.objectStore('refused').delete(key);
      if (applied.accepted.length === 0) continue;
      await tx.objectStore('documents').put({
        id: applied.id,
        kind: applied.kind,
        hashes: [...(known?.hashes ?? []), ...applied.accepted.map(({ hash }) => hash)],
        changes: [...(known?.changes ?? []), ...applied.accepted.map(({ change }) => change)],
        view: applied.view,
      });
      if (applied.row === null) continue;
      const row = await tx.objectStore('rows').get(applied.id);
      await tx.objectStore('rows').put({ ...applied.row, unsent: row?.unsent ?? [] });
    }
    const before = (await tx.objectStore('meta').get('pulled')) as Pulled | undefined;
    await tx.objectStore('meta').put(movedOn(before, log, cursors), 'pulled');
  });
}

/** The places in all logs after something of `log` was stored. */
export function movedOn(before: Pulled | undefined, log: string, cursors: readonly Cursor[]): Pulled {
  if (before === undefined) return { log, cursors: mergeCursors([], cursors) };
  if (before.log === log) return { ...before, cursors: mergeCursors(before.cursors, cursors) };
  const others = Object.entries({ ...before.others, [before.log]: before.cursors });
  const own = before.others?.[log] ?? [];
  // The newest ones stay: the office, a hub or two, and what they were before a restore.
  const kept = others.filter(([name, read]) => name !== log && read.length > 0).slice(-LOGS_KEPT);
  const pulled = { log, cursors: mergeCursors(own, cursors) };
  return kept.length === 0 ? pulled : { ...pulled, others: Object.fromEntries(kept) };
}

/** Each scope stands at the newest position said of it; scopes at one position share a cursor. */
export function mergeCursors(before: readonly Cursor[], after: readonly Cursor[]): Cursor[] {
  const positions = new Map<string, Cursor>();
  for (const cursor of [...before, ...after]) {
    for (const scope of cursor.scopes) positions.set(scope, cursor);
  }
  const merged = new Map<string, Cursor>();
  for (const [scope, { position, rolling }] of positions) {
    const key = `${String(position)}/${rolling}`;
    const cursor = merged.get(key) ?? { position, rolling, scopes: [] };
    cursor.scopes.push(scope);
    merged.set(key, cursor);
  }
  return [...merged.values()];
}
