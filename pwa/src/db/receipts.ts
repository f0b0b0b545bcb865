import type { Database } from './open';
import type { StoredReceipt } from './schema';
import { inOneTransaction } from './transaction';

/** The office's signed word on one session: kept as evidence, with how far it reaches, or not at all. */
export function keepReceipts(db: Database, receipts: readonly StoredReceipt[]): Promise<void> {
  return inOneTransaction(db, ['sessions', 'receipts'], async (tx) => {
    for (const receipt of receipts) {
      const session = await tx.objectStore('sessions').get(receipt.session);
      if (session === undefined) continue;
      const { frames: office, backed_up } = receipt;
      await tx.objectStore('sessions').put({ ...session, office, backed_up });
      await tx.objectStore('receipts').put(receipt);
    }
  });
}

/** What a node signed of a session, as far as it is known. */
export function readReceipt(db: Database, node: string, session: string): Promise<StoredReceipt | undefined> {
  return db.get('receipts', [node, session]);
}

/** Every receipt that is kept. */
export function allReceipts(db: Database): Promise<StoredReceipt[]> {
  return db.getAll('receipts');
}
