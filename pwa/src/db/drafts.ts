import type { Database } from './open';
import { refuseErased } from './refuse-erased';
import type { StoredDraft } from './schema';
import { inOneTransaction, type Writing } from './transaction';

/** The documents that a draft was begun with. */
export function documentsOf({ id, form }: StoredDraft): string[] {
  const { visit, resident } = form as { visit?: unknown; resident?: unknown };
  return [id, visit, resident].filter((document) => typeof document === 'string');
}

/**
 * Keeps a form as typed. Not strict: it is written many times a minute and outlives a killed app.
 * Throws RecordErased when the office erased what it was begun with.
 */
export async function writeDraft(db: Database, draft: StoredDraft): Promise<void> {
  const write = async (tx: Writing<'drafts' | 'tombstones'>): Promise<void> => {
    await refuseErased(tx.objectStore('tombstones'), documentsOf(draft));
    await tx.objectStore('drafts').put(draft);
  };
  await inOneTransaction(db, ['drafts', 'tombstones'], write, 'relaxed');
}

export function readDraft(db: Database, id: string): Promise<StoredDraft | undefined> {
  return db.get('drafts', id);
}

export function allDrafts(db: Database): Promise<StoredDraft[]> {
  return db.getAll('drafts');
}

export async function deleteDraft(db: Database, id: string): Promise<void> {
  await db.delete('drafts', id);
}
