import { toHex, type Bytes } from '../core/bytes';
import type { Erased } from '../core/exchange';
import { CoreError, type Core } from '../core/functions';
import { commitErasure, framesWith, listingsOf, type Erasure } from '../db/erased';
import { readSums } from '../db/listed';
import type { Database } from '../db/open';
import { saveKey } from '../db/schema';
import type { Office } from '../outbox/tiers';

/** Bytes of a signature, and of a node's name before it. */
const SIGNATURE_BYTES = 64;
const NODE_BYTES = 16;

/** Which node says that it signed a tombstone. */
export function signerOf(tombstone: Bytes): string {
  return toHex(tombstone.slice(-SIGNATURE_BYTES - NODE_BYTES, -SIGNATURE_BYTES));
}

/**
 * Erases what the office erased by law, if its node signed that. Twice the same does no harm: each log says it of its own
 * list. Returns the documents that have to be looked at again. To be run while no save is being made.
 */
export async function takeTombstone(
  db: Database,
  core: Core,
  { office, log }: { office: Office; log: string },
  tombstone: Bytes,
): Promise<string[]> {
  const erased = await believed(core, office, tombstone);
  if (erased === null) return [];
  const { document, kind, at, by, reason } = erased;
  return commitErasure(db, {
    tombstone: { document, kind, at, by, reason, bytes: tombstone },
    counted: await countedOut(db, core, log, document),
    frames: await framesWithout(db, core, document),
  });
}

/** What it says; null when it is not the office that says so. */
async function believed(core: Core, { certificate }: Office, tombstone: Bytes): Promise<Erased | null> {
  try {
    return await core.call('tombstone_read', { tombstone, certificate });
  } catch (error) {
    // The difference that stays is shown; what is not believed must not hold up the rest.
    if (error instanceof CoreError && error.code !== 'core_trapped') return null;
    throw error;
  }
}

async function countedOut(db: Database, core: Core, log: string, document: string): Promise<Erasure['counted']> {
  const before = await readSums(db, log);
  if (before === undefined) return undefined;
  const gone = await listingsOf(db, before, document);
  const names = gone.map(({ scope, hash }) => ({ scope, document, hash }));
  const { sums } = await core.call('sums_add', { sums: before.sums, listings: [], gone: names });
  return { before, sums, gone };
}

async function framesWithout(db: Database, core: Core, document: string): Promise<Erasure['frames']> {
  const frames = new Map<string, Bytes>();
  for (const { session, number, bytes } of await framesWith(db, document)) {
    const left = await core.call('frame_erase', { frame: bytes, documents: [document] });
    frames.set(saveKey(session, number), left.frame ?? bytes);
  }
  return frames;
}
