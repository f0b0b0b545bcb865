import type { Database } from './open';
import type { StoredFrame, StoredSave, StoredSession } from './schema';
import { saveKey } from './schema';
import { inOneTransaction, type Writing } from './transaction';

/** Saves no frame carries yet, oldest session first. */
export function uncutSaves(db: Database): Promise<StoredSave[]> {
  return db.getAllFromIndex('saves', 'uncut');
}

/** How many saves the office has not confirmed. */
export function countUnconfirmed(db: Database): Promise<number> {
  return db.countFromIndex('saves', 'unconfirmed');
}

/** Every save of this tablet, without the bytes of those that are in frames. */
export function allSaves(db: Database): Promise<StoredSave[]> {
  return db.getAll('saves');
}

/** Frames the office has not confirmed, in the order they must be sent. */
export function unconfirmedFrames(db: Database): Promise<StoredFrame[]> {
  return db.getAllFromIndex('frames', 'unconfirmed');
}

export function readFrame(db: Database, session: string, number: number): Promise<StoredFrame | undefined> {
  return db.get('frames', [session, number]);
}

/** A frame was already cut at this number: the one that is stored stands. */
export class FrameRaced extends Error {}

/** Makes a cut frame durable and takes its saves off the uncut list. Never replaces a frame. */
export function commitFrame(db: Database, session: StoredSession, frame: StoredFrame): Promise<void> {
  return inOneTransaction(db, ['sessions', 'saves', 'frames'], async (tx) => {
    const stored = await tx.objectStore('sessions').get(session.session);
    if (stored?.frames.length !== frame.number) throw new FrameRaced();
    await tx.objectStore('frames').add({ ...frame, unconfirmed: [stored.order, frame.number] });
    const [first, last] = frame.saves;
    for (let number = first; number <= last; number += 1) {
      const save = await tx.objectStore('saves').get([frame.session, number]);
      if (save?.frame !== null) throw new FrameRaced();
      await tx.objectStore('saves').put(cutInto(frame.number, save));
    }
    await tx.objectStore('sessions').put({ ...stored, frames: [...stored.frames, frame.hash] });
  });
}

function cutInto(frame: number, save: StoredSave): StoredSave {
  const { uncut: _cut, entries, ...rest } = save;
  return {
    ...rest,
    frame,
    entries: entries.map(({ document, kind, counter, hash }) => ({ document, kind, counter, hash })),
  };
}

type Confirming = Writing<'sessions' | 'saves' | 'frames' | 'rows'>;

/** The office holds the first `frames` frames of `session`: their saves are 'Di kantor'. */
export function confirmFrames(db: Database, session: string, frames: number): Promise<void> {
  return inOneTransaction(db, ['sessions', 'saves', 'frames', 'rows'], async (tx) => {
    const stored = await tx.objectStore('sessions').get(session);
    if (stored === undefined || frames <= stored.confirmed) return;
    for (let number = stored.confirmed; number < frames; number += 1) {
      const frame = await tx.objectStore('frames').get([session, number]);
      if (frame === undefined) return;
      const { unconfirmed: _sent, ...kept } = frame;
      await tx.objectStore('frames').put(kept);
      for (let save = frame.saves[0]; save <= frame.saves[1]; save += 1) {
        await confirmSave(tx, session, save);
      }
    }
    await tx.objectStore('sessions').put({ ...stored, confirmed: frames });
  });
}

async function confirmSave(tx: Confirming, session: string, number: number): Promise<void> {
  const save = await tx.objectStore('saves').get([session, number]);
  if (save === undefined) return;
  const { unconfirmed: _confirmed, ...kept } = save;
  await tx.objectStore('saves').put(kept);
  const key = saveKey(session, number);
  const rows = tx.objectStore('rows');
  for (const row of await rows.index('unsent').getAll(key)) {
    await rows.put({ ...row, unsent: row.unsent.filter((waiting) => waiting !== key) });
  }
}

/**
 * A node that does not hold what an earlier one confirmed (a restored backup) gets it again:
 * frames from `frames` on are waiting once more, and their rows say so.
 */
export function unconfirmFrames(db: Database, session: string, frames: number): Promise<void> {
  return inOneTransaction(db, ['sessions', 'saves', 'frames', 'rows'], async (tx) => {
    const stored = await tx.objectStore('sessions').get(session);
    if (stored === undefined || frames >= stored.confirmed) return;
    for (let number = frames; number < stored.confirmed; number += 1) {
      const frame = await tx.objectStore('frames').get([session, number]);
      if (frame === undefined) continue;
      await tx.objectStore('frames').put({ ...frame, unconfirmed: [stored.order, number] });
      for (let at = frame.saves[0]; at <= frame.saves[1]; at += 1) {
        const save = await tx.objectStore('saves').get([session, at]);
        if (save === undefined) continue;
        await tx.objectStore('saves').put({ ...save, unconfirmed: [stored.order, at] });
        for (const entry of save.entries) {
          const row = await tx.objectStore('rows').get(entry.document);
          if (row === undefined) continue;
          const unsent = new Set([...row.unsent, saveKey(session, at)]);
          await tx.objectStore('rows').put({ ...row, unsent: [...unsent] });
        }
      }
    }
    await tx.objectStore('sessions').put({ ...stored, confirmed: frames });
  });
}
