import { openDB, type IDBPDatabase } from 'idb';
import { MIGRATIONS } from './migrations';
import type { FieldSchema } from './schema';

export type Database = IDBPDatabase<FieldSchema>;

export const DATABASE_NAME = 'mpp-petugas';

/**
 * Opens the tablet's store and runs the upgrades it lacks.
 * `onBlocked` is called when another tab holds an older version open; `onGone` when the browser closes the store by
 * itself, because its data was cleared.
 */
export function openDatabase(
  onBlocked: () => void = () => undefined,
  onGone: () => void = () => undefined,
): Promise<Database> {
  return openDB<FieldSchema>(DATABASE_NAME, MIGRATIONS.length, {
    upgrade(db, oldVersion, _newVersion, upgrade) {
      for (const step of MIGRATIONS.slice(oldVersion)) step(db, upgrade);
    },
    blocked: onBlocked,
    terminated: onGone,
    blocking(_current, _blocked, event) {
      // A newer version of the app wants to upgrade; this tab steps aside and keeps nothing open.
      (event.target as IDBDatabase).close();
    },
  });
}
