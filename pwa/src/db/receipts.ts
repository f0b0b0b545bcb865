import type { Database } from './open';
import type { StoredReceipt } from './schema';
import { inOneTransaction } from './transaction';

/** The office's signed word on one session: kept as evidence, with how far it reaches, or not at all. */
export function keepReceipts(db: Database, receipts: readonly StoredReceipt[]): Promise<void> {
  return inOneTransaction(db, ['sessions', 'receipts'], async (tx) => {
    for (const receipt of receipts) {
      const session = await tx.objectStore('sessions').get(receipt.session);
      if (session === undefined) continue;
      const known = await tx.objectStore('receipts').get([receipt.node, receipt.session]);
      if (known !== undefined && isOlder(receipt, known)) continue;
      const { frames: office, backed_up } = receipt;
      await tx.objectStore('sessions').put({ ...session, office, backed_up });
      await tx.objectStore('receipts').put(receipt);
    }
  });
}

/**
 * Whether a receipt was signed before the one that is known: a hub keeps one for each session, each may speak of several,
 * and it hands them on in no order. Within a log the numbers only grow; a restored office has another one.
 */
function isOlder(receipt: StoredReceipt, known: StoredReceipt): boolean {
  if (receipt.log !== known.log) return receipt.issued_at < known.issued_at;
  return receipt.frames < known.frames || receipt.backed_up < known.backed_up;
}

/** Every receipt that is kept. */
export function allReceipts(db: Database): Promise<StoredReceipt[]> {
  return db.getAll('receipts');
}
