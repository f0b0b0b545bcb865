import type { IDBPDatabase, IDBPObjectStore, IDBPTransaction } from 'idb';
import type { FieldSchema, StoreName } from './schema';

type Database = IDBPDatabase<FieldSchema>;
type Upgrade = IDBPTransaction<FieldSchema, StoreName[], 'versionchange'>;

/**
 * Step n brings version n to n + 1. Released steps are never edited, and no step may delete or
 * rewrite saves, frames, sessions, drafts, documents or device keys: they may be unsent work.
 */
export const MIGRATIONS: readonly ((db: Database, upgrade: Upgrade) => void)[] = [
  function firstShape(db) {
    db.createObjectStore('meta');
    db.createObjectStore('documents', { keyPath: 'id' });
    const rows = db.createObjectStore('rows', { keyPath: 'id' });
    rows.createIndex('kind', 'kind');
    rows.createIndex('unsent', 'unsent', { multiEntry: true });
    rows.createIndex('nik', 'nik');
    rows.createIndex('visit', 'visit');
    rows.createIndex('resident', 'resident');
    db.createObjectStore('sessions', { keyPath: 'session' }).createIndex('order', 'order');
    const saves = db.createObjectStore('saves', { keyPath: ['session', 'number'] });
    saves.createIndex('uncut', 'uncut');
    saves.createIndex('unconfirmed', 'unconfirmed');
    const frames = db.createObjectStore('frames', { keyPath: ['session', 'number'] });
    frames.createIndex('unconfirmed', 'unconfirmed');
    db.createObjectStore('drafts', { keyPath: 'id' });
    db.createObjectStore('notices', { keyPath: 'key' }).createIndex('document', 'document');
    db.createObjectStore('refused', { keyPath: 'key' }).createIndex('document', 'document');
    db.createObjectStore('groups', { keyPath: 'resident' });
  },
  function receipts(db) {
    db.createObjectStore('receipts', { keyPath: ['node', 'session'] });
  },
  function sums(db, upgrade) {
    db.createObjectStore('listed', { keyPath: ['list', 'scope', 'document', 'hash'] });
    db.createObjectStore('sums', { keyPath: 'log' });
    db.createObjectStore('batches', { keyPath: 'id', autoIncrement: true });
    // What earlier pages listed was not written down: the log is read once more from its beginning, in pages.
    void upgrade.objectStore('meta').delete('pulled');
  },
  function tombstones(db) {
    db.createObjectStore('tombstones', { keyPath: 'document' });
  },
  function orderedRows(_db, upgrade) {
    const rows = upgrade.objectStore('rows');
    rows.createIndex('newest', ['kind', 'created_at']);
    rows.createIndex('newest_of_day', ['kind', 'day', 'created_at']);
    rows.createIndex('waiting', 'waiting');
    rows.createIndex('ungrouped', 'ungrouped');
    void markRows(rows);
  },
];

/** Lines of an older app say neither who waits nor who is to be grouped. */
async function markRows(rows: IDBPObjectStore<FieldSchema, StoreName[], 'rows', 'versionchange'>): Promise<void> {
  for (let cursor = await rows.openCursor(); cursor !== null; cursor = await cursor.continue()) {
    const { kind, day, resident, updated_at: changed } = cursor.value;
    if (kind === 'visit' && resident === undefined && day !== undefined) {
      await cursor.update({ ...cursor.value, waiting: day });
    }
    if (kind === 'resident') await cursor.update({ ...cursor.value, ungrouped: changed });
  }
}
