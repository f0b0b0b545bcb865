import type { SessionHeader } from '../core/exchange';
import type { Core } from '../core/functions';
import { erasedDocuments } from '../db/erased';
import { commitFrame, uncutSaves } from '../db/outbox';
import type { Database } from '../db/open';
import type { StoredSave, StoredSession } from '../db/schema';
import { allSessions } from '../db/sessions';
import { sign } from './device-key';

/**
 * Cuts every uncut save into signed frames, oldest session first. Each frame is durable before this
 * goes on to the next, and a frame that exists is never cut again.
 */
export async function cutFrames(db: Database, core: Core, keys: CryptoKeyPair): Promise<number> {
  let cut = 0;
  for (let saves = await uncutSaves(db); saves.length > 0; saves = await uncutSaves(db)) {
    const sessions = await allSessions(db);
    const first = saves[0];
    const session = sessions.find((known) => known.session === first?.session);
    if (session === undefined) throw new Error('a save without its session');
    const own = saves.filter((save) => save.session === session.session);
    await cutOne(db, core, keys, sessions, session, own);
    cut += 1;
  }
  return cut;
}

async function cutOne(
  db: Database,
  core: Core,
  keys: CryptoKeyPair,
  sessions: readonly StoredSession[],
  session: StoredSession,
  saves: readonly StoredSave[],
): Promise<void> {
  const erased = await erasedDocuments(db);
  const header = session.frames.length === 0 ? { header: headerOf(session, sessions) } : {};
  const { payload, signing, hash, saves_taken } = await core.call('frame_cut', {
    session: session.session,
    number: session.frames.length,
    previous: session.frames.at(-1) ?? null,
    ...header,
    saves: saves.map(({ number, hash: saveHash, entries }) => ({
      number,
      hash: saveHash,
      entries: entries.map(({ document, kind, counter, hash: changeHash, change }) => {
        const name = { document, kind, counter, hash: changeHash };
        if (change !== undefined) return { ...name, change };
        if (!erased.has(document)) throw new Error('an uncut save without its bytes');
        return name;
      }),
    })),
  });
  const signature = await sign(keys, signing);
  const { frame } = await core.call('frame_seal', { payload, signature });
  const first = saves[0];
  const last = saves[saves_taken - 1];
  if (first === undefined || last === undefined) throw new Error('a frame without saves');
  await commitFrame(db, session, {
    session: session.session,
    number: session.frames.length,
    hash,
    bytes: frame,
    saves: [first.number, last.number],
  });
}

/** Who this session is, and the last thing known of the one before it. */
function headerOf(session: StoredSession, sessions: readonly StoredSession[]): SessionHeader {
  const before = sessions.findLast(
    (known) => known.order < session.order && known.frames.length > 0,
  );
  const head = before?.frames.at(-1);
  return {
    device: session.device,
    session: session.session,
    previous:
      before === undefined || head === undefined
        ? null
        : { session: before.session, frames: before.frames.length, head },
    day: session.day,
    app_version: session.app_version,
    started_at: session.started_at,
  };
}
