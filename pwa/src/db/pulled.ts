import type { Bytes } from '../core/bytes';
import type { Listing } from '../core/caller';
import type { Cursor, ScopeSum } from '../core/exchange';
import type { Kind, View } from '../core/views';
import type { Database } from './open';
import type { Pulled, RefusedChange, Row, StoredBatch, StoredSums } from './schema';
import { inOneTransaction, type Writing } from './transaction';

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

/** What a page adds to the list of its log. */
export interface Listed {
  /** As it was read; undefined before the first page. */
  before: StoredSums | undefined;
  sums: ScopeSum[];
  /** Not listed before. */
  listings: Listing[];
  /** The page as it is kept to be given back. */
  batch: Omit<StoredBatch, 'id'> | null;
}

/**
 * Stores one received record: changes, rows, refusals, what it lists, and the cursors, in one transaction, so
 * that a cut response neither loses nor repeats anything that was said to be held.
 */
export function commitPulled(
  db: Database,
  documents: readonly AppliedDocument[],
  log: string,
  cursors: readonly Cursor[],
  listed: Listed,
): Promise<void> {
  const stores = ['documents', 'rows', 'refused', 'meta', 'listed', 'sums', 'batches'] as const;
  return inOneTransaction(db, [...stores], async (tx) => {
    for (const applied of documents) await putDocument(tx, applied);
    await putListed(tx, log, listed);
    const before = (await tx.objectStore('meta').get('pulled')) as Pulled | undefined;
    await tx.objectStore('meta').put(movedOn(before, log, cursors), 'pulled');
  });
}

type Pulling = Writing<'documents' | 'rows' | 'refused' | 'meta' | 'listed' | 'sums' | 'batches'>;

async function putDocument(tx: Pulling, applied: AppliedDocument): Promise<void> {
  const known = await tx.objectStore('documents').get(applied.id);
  if ((known?.changes.length ?? 0) !== applied.read) throw new PullRaced();
  for (const refusal of applied.refused) await tx.objectStore('refused').put(refusal);
  for (const key of applied.passed) await tx.objectStore('refused').delete(key);
  if (applied.accepted.length === 0) return;
  await tx.objectStore('documents').put({
    id: applied.id,
    kind: applied.kind,
    hashes: [...(known?.hashes ?? []), ...applied.accepted.map(({ hash }) => hash)],
    changes: [...(known?.changes ?? []), ...applied.accepted.map(({ change }) => change)],
    view: applied.view,
  });
  if (applied.row === null) return;
  const row = await tx.objectStore('rows').get(applied.id);
  await tx.objectStore('rows').put({ ...applied.row, unsent: row?.unsent ?? [] });
}

async function putListed(tx: Pulling, log: string, { before, sums, listings, batch }: Listed): Promise<void> {
  if (listings.length > 0) {
    const kept = await tx.objectStore('sums').get(log);
    if (JSON.stringify(kept?.sums) !== JSON.stringify(before?.sums)) throw new PullRaced();
    const list = kept?.list ?? (await freeName(tx, log));
    await tx.objectStore('sums').put({ ...kept, log, list, sums });
    for (const listing of listings) await tx.objectStore('listed').put({ list, ...listing });
  }
  // The store makes the number.
  if (batch !== null) await tx.objectStore('batches').add(batch as StoredBatch);
}

/** A name for the list of a log: its own, unless a log that goes on from it has taken that over. */
async function freeName(tx: Pulling, log: string): Promise<string> {
  const taken = new Set((await tx.objectStore('sums').getAll()).map(({ list }) => list));
  let name = log;
  while (taken.has(name)) name += '+';
  return name;
}

/** The places in all logs after something of `log` was stored, or it was gone over to from the log `from`. */
export function movedOn(
  before: Pulled | undefined,
  log: string,
  cursors: readonly Cursor[],
  from: string | null = null,
): Pulled {
  if (before === undefined) return { log, cursors: mergeCursors([], cursors) };
  if (before.log === log) return { ...before, cursors: mergeCursors(before.cursors, cursors) };
  const others = Object.entries({ ...before.others, [before.log]: before.cursors });
  const own = before.others?.[log] ?? [];
  const elsewhere = others.filter(([name, read]) => name !== log && name !== from && read.length > 0);
  // The newest ones stay: the office, a hub or two, and what they were before a restore.
  const kept = elsewhere.slice(-LOGS_KEPT);
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
