import type { Database } from './open';
import type { StoredSession } from './schema';
import { inOneTransaction } from './transaction';

/** The session of this start once it has saved something. */
export function readSession(db: Database, session: string): Promise<StoredSession | undefined> {
  return db.get('sessions', session);
}

/** All sessions of this tablet, oldest first. */
export function allSessions(db: Database): Promise<StoredSession[]> {
  return db.getAllFromIndex('sessions', 'order');
}

/** The number of the next start of the app. */
export async function nextSessionOrder(db: Database): Promise<number> {
  const newest = await db.transaction('sessions').store.index('order').openCursor(null, 'prev');
  return (newest?.value.order ?? 0) + 1;
}

/** Sessions of which a node holds something else than this tablet. */
export function markForked(db: Database, sessions: readonly string[]): Promise<void> {
  return inOneTransaction(db, ['sessions'], async (tx) => {
    for (const session of sessions) {
      const stored = await tx.objectStore('sessions').get(session);
      if (stored !== undefined) await tx.objectStore('sessions').put({ ...stored, forked: true });
    }
  });
}

/** How far the office holds a session, and how far its backup does. Never more than there is. */
export function keepTiers(
  db: Database,
  session: string,
  tiers: (stored: StoredSession) => { office?: number; backed_up?: number },
): Promise<void> {
  return inOneTransaction(db, ['sessions'], async (tx) => {
    const stored = await tx.objectStore('sessions').get(session);
    if (stored === undefined) return;
    await tx.objectStore('sessions').put({ ...stored, ...tiers(stored) });
  });
}
