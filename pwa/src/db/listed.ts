import type { ChangeName, Listing } from '../core/caller';
import type { Ancestor, Cursor, ScopeSum } from '../core/exchange';
import type { Database } from './open';
import { movedOn } from './pulled';
import type { Pulled, StoredListing, StoredSums } from './schema';
import { inOneTransaction, type Writing } from './transaction';

/** What is kept of a log's list; undefined before its first page. */
export function readSums(db: Database, log: string): Promise<StoredSums | undefined> {
  return db.get('sums', log);
}

export function allSums(db: Database): Promise<StoredSums[]> {
  return db.getAll('sums');
}

/** What a scope of a list lists. */
export async function listedIn(db: Database, list: string, scope: string): Promise<ChangeName[]> {
  const rows = await db.getAll('listed', within(list, scope));
  return rows.map(({ document, hash, time }) => ({ document, hash, time }));
}

/** Everything that a list lists. */
export function allListed(db: Database, list: string): Promise<StoredListing[]> {
  return db.getAll('listed', within(list));
}

/** The keys of what a scope of a list lists of a document. */
export function listedOf(list: string, scope: string, document: string): IDBKeyRange {
  return within(list, scope, document);
}

/** Those of the listings that the list does not have. */
export async function notListed(db: Database, list: string, listings: readonly Listing[]): Promise<Listing[]> {
  const { store } = db.transaction('listed');
  const known = await Promise.all(
    listings.map(({ scope, document, hash }) => store.getKey([list, scope, document, hash])),
  );
  const fresh = listings.filter((_, at) => known[at] === undefined);
  // One page may list a change twice.
  return [...new Map(fresh.map((listing) => [`${listing.scope}/${listing.document}/${listing.hash}`, listing])).values()];
}

/** A recount: these listings stand for nothing that is here, and the sums are those of the rest. */
export function writeRecount(
  db: Database,
  log: string,
  sums: ScopeSum[],
  gone: readonly StoredListing[],
): Promise<void> {
  return inOneTransaction(db, ['listed', 'sums'], async (tx) => {
    const kept = await tx.objectStore('sums').get(log);
    if (kept === undefined) return;
    await tx.objectStore('sums').put({ ...kept, sums });
    for (const { list, scope, document, hash } of gone) {
      await tx.objectStore('listed').delete([list, scope, document, hash]);
    }
  });
}

/** How to go on in a log that was not met before. */
export interface Entered {
  /** The log whose list it takes over; null when it begins with nothing. */
  from: string | null;
  cursors: Cursor[];
  /** What it goes on from. */
  ancestors: Ancestor[];
  /** It lacks something that was read in those. */
  lacks: boolean;
}

/** Goes over to another log: its cursors and its list, in one transaction. What is kept of logs given up goes. */
export function enterLog(db: Database, log: string, { from, cursors, ancestors, lacks }: Entered): Promise<void> {
  return inOneTransaction(db, ['meta', 'sums', 'listed'], async (tx) => {
    const before = (await tx.objectStore('meta').get('pulled')) as Pulled | undefined;
    const pulled = movedOn(before, log, cursors, from);
    await tx.objectStore('meta').put(pulled, 'pulled');
    const old = from === null ? undefined : await tx.objectStore('sums').get(from);
    if (old !== undefined) {
      await tx.objectStore('sums').delete(old.log);
      const { list, sums } = old;
      // A restore after a restore: what the one before was not given yet, this one lacks too.
      const owed = lacks || old.lacks === true;
      await tx.objectStore('sums').put({ log, list, sums, ancestors, ...(owed ? { lacks: true } : {}) });
    }
    await forgetOthers(tx, new Set([log, ...Object.keys(pulled.others ?? {})]));
  });
}

async function forgetOthers(tx: Writing<'meta' | 'sums' | 'listed'>, logs: ReadonlySet<string>): Promise<void> {
  for (const { log, list } of await tx.objectStore('sums').getAll()) {
    if (logs.has(log)) continue;
    await tx.objectStore('sums').delete(log);
    await tx.objectStore('listed').delete(within(list));
  }
}

/** This log was given back what it lacked of those before it. */
export function gaveBack(db: Database, log: string): Promise<void> {
  return inOneTransaction(db, ['sums'], async (tx) => {
    const kept = await tx.objectStore('sums').get(log);
    if (kept?.lacks === undefined) return;
    const { lacks: _given, ...rest } = kept;
    await tx.objectStore('sums').put(rest);
  });
}

/** Keys that begin so: a list sorts behind every text. */
function within(...begin: string[]): IDBKeyRange {
  return IDBKeyRange.bound(begin, [...begin, []]);
}
