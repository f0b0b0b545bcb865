import type { IDBPTransaction } from 'idb';
import type { Database } from './open';
import type { FieldSchema, StoreName } from './schema';

export type Writing<S extends StoreName> = IDBPTransaction<FieldSchema, S[], 'readwrite'>;

/**
 * Runs `work` in one transaction that is on the disk, not only handed to the system, when the
 * promise resolves (unless it is relaxed). Whatever throws undoes all of it. `work` may await nothing but the store.
 */
export async function inOneTransaction<S extends StoreName, T>(
  db: Database,
  stores: S[],
  work: (tx: Writing<S>) => Promise<T>,
  durability: 'strict' | 'relaxed' = 'strict',
): Promise<T> {
  const tx = db.transaction(stores, 'readwrite', { durability });
  const done = tx.done;
  // The error is reported by the await below; without this an early throw would report it twice.
  done.catch(() => undefined);
  try {
    const result = await work(tx);
    await done;
    return result;
  } catch (error) {
    try {
      tx.abort();
    } catch {
      // Already aborted: the browser does so itself when the disk is full.
    }
    throw error;
  }
}
