import type { Bytes } from '../core/bytes';
import type { ScopeSum } from '../core/exchange';
import { documentsOf } from './drafts';
import { listedOf } from './listed';
import type { Database } from './open';
import { PullRaced } from './pulled';
import { saveKey, type StoredFrame, type StoredListing, type StoredSums, type StoredTombstone } from './schema';
import { inOneTransaction, type Writing } from './transaction';

/** The documents that the office erased by law, as far as this tablet was told. */
export async function erasedDocuments(db: Database): Promise<Set<string>> {
  return new Set(await db.getAllKeys('tombstones'));
}

/** What has to be worked out before a document can be erased in one transaction. */
export interface Erasure {
  tombstone: StoredTombstone;
  /** Of the log that said so: its sums as they were read, and without the document. Undefined before its first page. */
  counted: { before: StoredSums; sums: ScopeSum[]; gone: StoredListing[] } | undefined;
  /** The frames that carry changes of the document, by 'session/number': with names in place of them. */
  frames: ReadonlyMap<string, Bytes>;
}

/** The frames of this tablet that carry changes of a document. */
export async function framesWith(db: Database, document: string): Promise<StoredFrame[]> {
  const saves = (await db.getAll('saves')).filter(({ entries }) => entries.some((entry) => entry.document === document));
  const places = saves.flatMap(({ session, frame }) => (frame === null ? [] : [{ session, frame }]));
  const distinct = new Map(places.map((place) => [saveKey(place.session, place.frame), place]));
  const read = [...distinct.values()].map(({ session, frame }) => db.get('frames', [session, frame]));
  return (await Promise.all(read)).flatMap((frame) => frame ?? []);
}

/** What a log lists of a document. */
export async function listingsOf(db: Database, { list, sums }: StoredSums, document: string): Promise<StoredListing[]> {
  const found = sums.map(({ scope }) => db.getAll('listed', listedOf(list, scope, document)));
  return (await Promise.all(found)).flat();
}

const STORES = [
  'documents',
  'rows',
  'refused',
  'notices',
  'groups',
  'drafts',
  'saves',
  'frames',
  'listed',
  'sums',
  'batches',
  'tombstones',
] as const;

type Erasing = Writing<(typeof STORES)[number]>;

/**
 * Erases a document in one transaction: everything that says what was written, and its place on the list of the log that
 * said so. Names of changes stay where a signature covers them. Returns the documents that have to be looked at again.
 */
export function commitErasure(db: Database, { tombstone, counted, frames }: Erasure): Promise<string[]> {
  const { document } = tombstone;
  return inOneTransaction(db, [...STORES], async (tx) => {
    await tx.objectStore('tombstones').put(tombstone);
    await tx.objectStore('documents').delete(document);
    await tx.objectStore('rows').delete(document);
    for (const name of ['refused', 'notices'] as const) {
      const store = tx.objectStore(name);
      for (const key of await store.index('document').getAllKeys(document)) await store.delete(key);
    }
    await eraseOwn(tx, document, frames);
    await eraseDrafts(tx, document);
    if (counted !== undefined) await countOut(tx, counted);
    await dropEmptyBatches(tx);
    return [document, ...(await splitGroups(tx, document))];
  });
}

/** Of this tablet's own work the names stay, so that its chain can still be verified. */
async function eraseOwn(tx: Erasing, document: string, frames: Erasure['frames']): Promise<void> {
  for (const save of await tx.objectStore('saves').getAll()) {
    if (!save.entries.some((entry) => entry.document === document)) continue;
    // Cut into a frame since the frames were read.
    if (save.frame !== null && !frames.has(saveKey(save.session, save.frame))) throw new PullRaced();
    const entries = save.entries.map((entry) => {
      const { change: _gone, ...name } = entry;
      return entry.document === document ? name : entry;
    });
    await tx.objectStore('saves').put({ ...save, entries });
  }
  for (const [key, bytes] of frames) {
    const [session = '', number = ''] = key.split('/');
    const stored = await tx.objectStore('frames').get([session, Number(number)]);
    if (stored !== undefined) await tx.objectStore('frames').put({ ...stored, bytes });
  }
}

/** Forms of it, and forms that were begun with what it says. */
async function eraseDrafts(tx: Erasing, document: string): Promise<void> {
  for (const draft of await tx.objectStore('drafts').getAll()) {
    if (documentsOf(draft).includes(document)) await tx.objectStore('drafts').delete(draft.id);
  }
}

async function countOut(tx: Erasing, { before, sums, gone }: NonNullable<Erasure['counted']>): Promise<void> {
  const kept = await tx.objectStore('sums').get(before.log);
  if (kept === undefined || JSON.stringify(kept.sums) !== JSON.stringify(before.sums)) throw new PullRaced();
  await tx.objectStore('sums').put({ ...kept, sums });
  for (const { list, scope, document, hash } of gone) {
    await tx.objectStore('listed').delete([list, scope, document, hash]);
  }
}

/** A batch keeps the names that its signature covers; one that has nothing else need not be kept. */
async function dropEmptyBatches(tx: Erasing): Promise<void> {
  const erased = new Set(await tx.objectStore('tombstones').getAllKeys());
  for (const { id, entries } of await tx.objectStore('batches').getAll()) {
    if (entries.every((entry) => erased.has(entry.document))) await tx.objectStore('batches').delete(id);
  }
}

/** Groups say the names of all their members: they are made again of those that are left. */
async function splitGroups(tx: Erasing, document: string): Promise<string[]> {
  const left = new Set<string>();
  for (const { resident, members } of await tx.objectStore('groups').getAll()) {
    if (resident !== document && !members.includes(document)) continue;
    await tx.objectStore('groups').delete(resident);
    for (const member of [resident, ...members]) left.add(member);
  }
  left.delete(document);
  for (const member of left) {
    const row = await tx.objectStore('rows').get(member);
    // The app may end before they are grouped: the next start goes on with it.
    if (row !== undefined) await tx.objectStore('rows').put({ ...row, ungrouped: row.updated_at });
  }
  return [...left];
}
