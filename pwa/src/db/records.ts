import type { Kind } from '../core/views';
import type { Database } from './open';
import type { RefusedChange, Row, StoredDocument, StoredGroup, StoredNotice } from './schema';
import { inOneTransaction } from './transaction';

/** Documents read in one go where all of them are looked at. */
const READ_AT_ONCE = 200;

export function readDocument(db: Database, id: string): Promise<StoredDocument | undefined> {
  return db.get('documents', id);
}

/** The keys ('document/hash') of every change that is here, applied or kept apart. */
export async function heldChanges(db: Database): Promise<Set<string>> {
  const held = new Set<string>(await db.getAllKeys('refused'));
  for (let last = ''; ; ) {
    // Some at a time: their bytes come along.
    const some = await db.getAll('documents', IDBKeyRange.lowerBound(last, true), READ_AT_ONCE);
    for (const { id, hashes } of some) for (const hash of hashes) held.add(`${id}/${hash}`);
    const end = some.at(-1);
    if (end === undefined) return held;
    last = end.id;
  }
}

/** Documents that no line stands for. */
export async function withoutRow(db: Database): Promise<string[]> {
  const tx = db.transaction(['documents', 'rows']);
  const [documents, rows] = await Promise.all([
    tx.objectStore('documents').getAllKeys(),
    tx.objectStore('rows').getAllKeys(),
  ]);
  const there = new Set(rows);
  return documents.filter((id) => !there.has(id));
}

/** Adds lines; one that was written meanwhile stays. */
export function putLines(db: Database, lines: readonly Row[]): Promise<void> {
  return inOneTransaction(db, ['rows'], async (tx) => {
    for (const line of lines) {
      if ((await tx.objectStore('rows').getKey(line.id)) === undefined) await tx.objectStore('rows').put(line);
    }
  });
}

export function countDocuments(db: Database): Promise<number> {
  return db.count('documents');
}

/** Documents by id, in the order asked; undefined where this tablet has none. */
export function readDocuments(
  db: Database,
  ids: readonly string[],
): Promise<(StoredDocument | undefined)[]> {
  const store = db.transaction('documents').store;
  return Promise.all(ids.map((id) => store.get(id)));
}

export function readRow(db: Database, id: string): Promise<Row | undefined> {
  return db.get('rows', id);
}

/** The lines of all documents of a kind, in no particular order. */
export function rowsOfKind(db: Database, kind: Kind): Promise<Row[]> {
  return db.getAllFromIndex('rows', 'kind', kind);
}

export function rowsWithNik(db: Database, nik: string): Promise<Row[]> {
  return db.getAllFromIndex('rows', 'nik', nik);
}

export function rowsOfVisit(db: Database, visit: string): Promise<Row[]> {
  return db.getAllFromIndex('rows', 'visit', visit);
}

export function rowsOfResident(db: Database, resident: string): Promise<Row[]> {
  return db.getAllFromIndex('rows', 'resident', resident);
}

/** The newest lines of a kind, of one day or of all, newest first, and how many there are. */
export async function newestRows(
  db: Database,
  kind: Kind,
  day: string | undefined,
  most: number,
): Promise<{ rows: Row[]; total: number }> {
  const store = db.transaction('rows').store;
  // A list sorts behind every number and every text.
  const index = day === undefined ? store.index('newest') : store.index('newest_of_day');
  const range = day === undefined ? IDBKeyRange.bound([kind], [kind, []]) : IDBKeyRange.bound([kind, day], [kind, day, []]);
  const total = index.count(range);
  const rows: Row[] = [];
  for (let at = await index.openCursor(range, 'prev'); at !== null && rows.length < most; at = await at.continue()) {
    rows.push(at.value);
  }
  return { rows, total: await total };
}

/** Lines with work that the office has not confirmed. */
export async function unsentRows(db: Database): Promise<Row[]> {
  // A line stands in the index once for each of its saves.
  const ids = new Set(await db.getAllKeysFromIndex('rows', 'unsent'));
  const store = db.transaction('rows').store;
  const rows = await Promise.all([...ids].map((id) => store.get(id)));
  return rows.flatMap((row) => row ?? []);
}

/** Visits of a day for which nothing was registered yet. */
export async function waitingRows(db: Database, day: string): Promise<Row[]> {
  const store = db.transaction('rows').store;
  const rows = await store.index('waiting').getAll(day);
  // The application may be here before the visit says who came.
  const applications = await Promise.all(rows.map(({ id }) => store.index('visit').count(id)));
  return rows.filter((_, at) => applications[at] === 0);
}

/** Residents that changed since they were grouped. */
export function ungroupedResidents(db: Database): Promise<string[]> {
  return db.getAllKeysFromIndex('rows', 'ungrouped');
}

export function allGroups(db: Database): Promise<StoredGroup[]> {
  return db.getAll('groups');
}

/** The groups of these residents, by resident. */
export async function readGroups(db: Database, residents: Iterable<string>): Promise<Map<string, StoredGroup>> {
  const store = db.transaction('groups').store;
  const groups = await Promise.all([...new Set(residents)].map((resident) => store.get(resident)));
  return new Map(groups.flatMap((group) => (group === undefined ? [] : [[group.resident, group]])));
}

export function readGroup(db: Database, resident: string): Promise<StoredGroup | undefined> {
  return db.get('groups', resident);
}

/**
 * Replaces the groups of the given residents. Derived: safe to lose. `read` says how many changes each of them had when
 * it was read: one that has more by now is grouped again later.
 */
export function writeGroups(
  db: Database,
  groups: readonly StoredGroup[],
  read: ReadonlyMap<string, number>,
): Promise<void> {
  return inOneTransaction(db, ['groups', 'rows', 'documents'], async (tx) => {
    for (const group of groups) {
      await tx.objectStore('groups').put(group);
      const row = await tx.objectStore('rows').get(group.resident);
      if (row?.ungrouped === undefined) continue;
      const stored = await tx.objectStore('documents').get(group.resident);
      if (stored?.changes.length !== read.get(group.resident)) continue;
      const { ungrouped: _grouped, ...line } = row;
      await tx.objectStore('rows').put(line);
    }
  });
}

export function noticesOf(db: Database, document: string): Promise<StoredNotice[]> {
  return db.getAllFromIndex('notices', 'document', document);
}

export function allNotices(db: Database): Promise<StoredNotice[]> {
  return db.getAll('notices');
}

export function countNotices(db: Database): Promise<number> {
  return db.count('notices');
}

/** An empty code means that the office has accepted the change after all. */
export function writeNotice(db: Database, notice: Omit<StoredNotice, 'key'>): Promise<void> {
  return inOneTransaction(db, ['notices'], async (tx) => {
    const key = `${notice.document}/${notice.hash}`;
    if (notice.code === '') await tx.objectStore('notices').delete(key);
    else await tx.objectStore('notices').put({ ...notice, key });
  });
}

/** The office has listed all it holds back of this tablet: what it no longer names was accepted. */
export function replaceNotices(
  db: Database,
  notices: readonly Omit<StoredNotice, 'key'>[],
): Promise<void> {
  return inOneTransaction(db, ['notices'], async (tx) => {
    await tx.objectStore('notices').clear();
    for (const notice of notices) {
      await tx.objectStore('notices').put({ ...notice, key: `${notice.document}/${notice.hash}` });
    }
  });
}

export function refusedOf(db: Database, document: string): Promise<RefusedChange[]> {
  return db.getAllFromIndex('refused', 'document', document);
}

export function allRefused(db: Database): Promise<RefusedChange[]> {
  return db.getAll('refused');
}

export function countRefused(db: Database): Promise<number> {
  return db.count('refused');
}
