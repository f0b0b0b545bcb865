import type { Database } from './open';
import type { StoredDraft } from './schema';

/** Keeps a form as typed. Not strict: it is written many times a minute and outlives a killed app. */
export async function writeDraft(db: Database, draft: StoredDraft): Promise<void> {
  await db.put('drafts', draft);
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
