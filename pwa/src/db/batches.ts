import type { Database } from './open';
import type { StoredBatch } from './schema';
import { inOneTransaction } from './transaction';

/** Every kept batch, in the order of arrival. */
export function allBatches(db: Database): Promise<StoredBatch[]> {
  return db.getAll('batches');
}

/** These batches are known to be in a log now, at or before a position. */
export function moveBatches(db: Database, ids: readonly number[], place: StoredBatch['place']): Promise<void> {
  return inOneTransaction(db, ['batches'], async (tx) => {
    for (const id of ids) {
      const batch = await tx.objectStore('batches').get(id);
      if (batch !== undefined) await tx.objectStore('batches').put({ ...batch, place });
    }
  });
}

/** Batches that need not be kept any longer. */
export function dropBatches(db: Database, ids: readonly number[]): Promise<void> {
  return inOneTransaction(db, ['batches'], async (tx) => {
    for (const id of ids) await tx.objectStore('batches').delete(id);
  });
}
