import type { Core } from '../core/functions';
import type { Cursor, Hello } from '../core/exchange';
import { readMeta } from '../db/meta';
import type { Database } from '../db/open';
import { mergeCursors } from '../db/pulled';
import type { PreparedDay, StoredSession } from '../db/schema';

/** Before a log's first position: everything of these scopes is missing. */
const START = { position: 0, rolling: '0000000000000000' };

/** Bits of the hello: the sum of each scope is wanted. */
const WANTS_SUMS = 1;
/** A node whose log is not the one named lists nothing yet, and is asked again. */
const KEEPS_OTHER_LOGS = 2;

/** Why more chains are named than those that wait. */
export interface Naming {
  /** Every chain that is kept. */
  all: boolean;
  /** Every chain that no backup covers: a receipt could say more than before. */
  marksMoved: boolean;
  /** Those named since everything was exchanged last. */
  open: ReadonlySet<string>;
}

/** What this tablet says first. */
export async function helloFor(
  { db, core }: { db: Database; core: Core },
  day: PreparedDay,
  sessions: readonly StoredSession[],
  naming: Naming,
  wantsSums: boolean,
): Promise<Hello> {
  const pulled = await readMeta(db, 'pulled');
  const { chains } = await core.call('chains_to_name', {
    chains: sessions.map(({ session, frames, confirmed, backed_up = 0, forked = false }) => ({
      session,
      frames: frames.length,
      confirmed,
      backed_up,
      forked,
    })),
    all: naming.all,
    marks_moved: naming.marksMoved,
    open: [...naming.open],
  });
  const flags = (wantsSums ? WANTS_SUMS : 0) | (pulled?.others === undefined ? 0 : KEEPS_OTHER_LOGS);
  return {
    device: day.device,
    day: day.day.id,
    chains,
    pull: { log: pulled?.log ?? null, cursors: cursorsOf(day.scopes, pulled?.cursors ?? []) },
    ...(flags === 0 ? {} : { flags }),
  };
}

/** How far each of these scopes was read. */
export function cursorsOf(scopes: readonly string[], known: readonly Cursor[]): Cursor[] {
  const wanted = new Set(scopes);
  return mergeCursors([{ ...START, scopes: [...scopes] }], known)
    .map((cursor) => ({ ...cursor, scopes: cursor.scopes.filter((scope) => wanted.has(scope)) }))
    .filter((cursor) => cursor.scopes.length > 0);
}
