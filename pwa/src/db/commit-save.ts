import type { Save } from '../core/functions';
import type { Database } from './open';
import { refuseErased } from './refuse-erased';
import { saveKey, type Row, type StoredSave, type StoredSession } from './schema';
import { inOneTransaction } from './transaction';

/** Everything one save writes. All of it or nothing. */
export interface SaveCommit {
  /** The session as it was read before the core made the save. New when its `next_save` is 0. */
  session: StoredSession;
  save: Save;
  /** The new line of each document, without `unsent`. */
  rows: Omit<Row, 'unsent'>[];
  /** How many changes each document had when the core read it; a pull may have come between. */
  read: ReadonlyMap<string, number>;
  /** The documents that it builds on, whether they are here or not. */
  about: readonly string[];
  /** The draft this save replaces. */
  draft?: string;
  /** The queue number this save issued. */
  ticket?: { day: string; number: number };
}

/** Something else was written between reading and writing: the caller makes the save anew. */
export class SaveRaced extends Error {}

/**
 * Makes a save durable in one strict transaction: changes, chain link, outbox entry, projection,
 * counters, and the removal of its draft. When this resolves the save survives a power cut.
 */
export function commitSave(db: Database, commit: SaveCommit): Promise<StoredSession> {
  const { session, save } = commit;
  return inOneTransaction(
    db,
    ['sessions', 'saves', 'documents', 'rows', 'drafts', 'meta', 'tombstones'],
    async (tx) => {
      const stored = (await tx.objectStore('sessions').get(session.session)) ?? session;
      if (stored.next_save !== save.number) throw new SaveRaced();
      const next: StoredSession = {
        ...stored,
        next_counter: save.next_counter,
        next_save: save.number + 1,
        last_save_hash: save.hash,
      };
      const named = save.entries.map(({ document }) => document);
      await refuseErased(tx.objectStore('tombstones'), [...named, ...commit.about]);
      const documents = tx.objectStore('documents');
      for (const entry of save.entries) {
        const known = await documents.get(entry.document);
        const had = known?.changes.length ?? 0;
        if (had !== (commit.read.get(entry.document) ?? 0)) throw new SaveRaced();
        await documents.put({
          id: entry.document,
          kind: entry.kind,
          hashes: [...(known?.hashes ?? []), entry.hash],
          changes: [...(known?.changes ?? []), entry.change],
          view: entry.view,
        });
      }
      const key = saveKey(session.session, save.number);
      for (const row of commit.rows) {
        const known = await tx.objectStore('rows').get(row.id);
        await tx.objectStore('rows').put({ ...row, unsent: [...(known?.unsent ?? []), key] });
      }
      await tx.objectStore('sessions').put(next);
      await tx.objectStore('saves').add(outboxEntry(next, save));
      if (commit.draft !== undefined) await tx.objectStore('drafts').delete(commit.draft);
      if (commit.ticket !== undefined) {
        const numbers = (await tx.objectStore('meta').get('ticket_numbers')) as
          | Record<string, number>
          | undefined;
        const { day, number } = commit.ticket;
        await tx.objectStore('meta').put({ ...numbers, [day]: number }, 'ticket_numbers');
      }
      return next;
    },
  );
}

function outboxEntry(session: StoredSession, save: Save): StoredSave {
  const order: [number, number] = [session.order, save.number];
  return {
    session: session.session,
    number: save.number,
    hash: save.hash,
    entries: save.entries.map(({ document, kind, counter, hash, change }) => ({
      document,
      kind,
      counter,
      hash,
      change,
    })),
    frame: null,
    uncut: order,
    unconfirmed: order,
  };
}
