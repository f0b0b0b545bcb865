import type { Listing } from '../core/caller';
import type { Page, Welcome } from '../core/exchange';
import { CoreError, type Core } from '../core/functions';
import { erasedDocuments } from '../db/erased';
import { notListed, readSums } from '../db/listed';
import type { Database } from '../db/open';
import { readFrame } from '../db/outbox';
import type { Listed } from '../db/pulled';
import { readDocuments } from '../db/records';
import type { OfficeNode } from '../outbox/tiers';

/** A chain of the hello, and what the node said in this answer that it holds of it. */
export interface NamedChain {
  session: string;
  /** How many of our frames. */
  held: number;
  /** It holds something else under one of our numbers. */
  forked: boolean;
}

/** What is known when a page arrives. */
export interface Arriving {
  db: Database;
  core: Core;
  welcome: Welcome;
  office: OfficeNode | null;
  chains: readonly NamedChain[];
}

/**
 * What a page adds to the list of its log; or the sessions that it names changes of which are not this tablet's: such a
 * page is not stored, and its cursors are not, or they would stand behind changes that were never sent.
 */
export async function takePage(
  arriving: Arriving,
  page: Page,
): Promise<{ listed: Listed } | { notOurs: string[] }> {
  const { db, core, welcome, chains } = arriving;
  const batch = await batchOf(arriving, page);
  const before = await readSums(db, welcome.log);
  const taken = await core.call('page_take', {
    changes: page.changes.map(({ document, hash, time, scopes }) => ({ document, hash, time, scopes })),
    yours: page.yours,
    chains: chains.map(({ held, forked }) => ({ held, forked })),
    frames: await namedFrames(db, chains, page),
  });
  if (!taken.taken) return { notOurs: taken.chains.flatMap((at) => chains[at]?.session ?? []) };
  const here = await ofHeld(db, page, taken.listings);
  const listings = before === undefined ? distinct(here) : await notListed(db, before.list, distinct(here));
  if (listings.length === 0) return { listed: { before, sums: before?.sums ?? [], listings, batch } };
  const { sums } = await core.call('sums_add', { sums: before?.sums ?? [], listings });
  return { listed: { before, sums, listings, batch } };
}

/** The frames of this tablet that the page names changes of. */
async function namedFrames(
  db: Database,
  chains: readonly NamedChain[],
  { yours }: Page,
): Promise<{ chain: number; frame: number; bytes: Uint8Array<ArrayBuffer> }[]> {
  const named = new Map(yours.map(({ chain, frame }) => [`${String(chain)}/${String(frame)}`, { chain, frame }]));
  const read = [...named.values()].map(async ({ chain, frame }) => {
    const stored = await readFrame(db, chains[chain]?.session ?? '', frame);
    return stored === undefined ? [] : [{ chain, frame, bytes: stored.bytes }];
  });
  return (await Promise.all(read)).flat();
}

/**
 * Leaves out own changes whose document is gone from the store although the frame is there: they must not be summed up
 * as held, so that the difference shows and they come back.
 */
async function ofHeld(db: Database, { changes, yours }: Page, listings: readonly Listing[]): Promise<Listing[]> {
  if (yours.length === 0) return [...listings];
  const received = new Set(changes.map(({ document, hash }) => `${document}/${hash}`));
  const own = listings.filter(({ document, hash }) => !received.has(`${document}/${hash}`));
  const erased = await erasedDocuments(db);
  const ids = [...new Set(own.map(({ document }) => document))];
  const stored = await readDocuments(db, ids);
  for (const document of stored) {
    for (const hash of document?.hashes ?? []) received.add(`${document?.id ?? ''}/${hash}`);
  }
  return listings.filter(({ document, hash }) => erased.has(document) || received.has(`${document}/${hash}`));
}

/** A page may list a change twice in one scope; it counts once. */
function distinct(listings: readonly Listing[]): Listing[] {
  const names = listings.map((listing) => [`${listing.scope}/${listing.document}/${listing.hash}`, listing] as const);
  return [...new Map(names).values()];
}

/** The page as it is kept to be given back: only what the office itself signed, while no backup covers it. */
async function batchOf({ core, welcome, office }: Arriving, page: Page): Promise<Listed['batch']> {
  const { changes, cursors, attestation } = page;
  if (attestation === null || office?.node !== welcome.node) return null;
  const { valid } = await core.call('attestation_verify', {
    log: welcome.log,
    public_key: office.key,
    entries: changes.map(({ document, hash }) => ({ document, hash })),
    attestation,
  });
  if (!valid) throw new CoreError('ATTESTATION_INVALID');
  const position = Math.max(0, ...cursors.map((cursor) => cursor.position));
  if (changes.length === 0 || position <= welcome.backed_up) return null;
  const entries = changes.map(({ document, kind, counter, hash, scopes }) => ({ document, kind, counter, hash, scopes }));
  const { log } = welcome;
  return { log, node: office.node, signature: attestation, place: { log, position }, entries };
}
