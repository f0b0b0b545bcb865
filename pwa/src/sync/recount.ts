import type { Core } from '../core/functions';
import { erasedDocuments } from '../db/erased';
import { allListed, allSums, writeRecount } from '../db/listed';
import type { Database } from '../db/open';
import { heldChanges } from '../db/records';
import type { StoredSums } from '../db/schema';

/** Listings summed up in one call. */
const AT_ONCE = 2_000;

/**
 * Sums up anew what is really here of what was listed. A change that was lost from the store is taken off the list: the
 * sums then differ from the node's, and the repair brings it back. True when something was missing.
 */
export async function recount(db: Database, core: Core): Promise<boolean> {
  const lists = await allSums(db);
  if (lists.length === 0) return false;
  const held = await heldChanges(db);
  const erased = await erasedDocuments(db);
  let missing = false;
  for (const kept of lists) missing = (await recountOne(db, core, kept, { held, erased })) || missing;
  return missing;
}

async function recountOne(
  db: Database,
  core: Core,
  { log, list, sums: before }: StoredSums,
  { held, erased }: { held: ReadonlySet<string>; erased: ReadonlySet<string> },
): Promise<boolean> {
  const listed = await allListed(db, list);
  // A log that has not heard yet that a document was erased goes on listing it: its names stay on that log's list.
  const isHere = ({ document, hash }: { document: string; hash: string }): boolean =>
    held.has(`${document}/${hash}`) || erased.has(document);
  const here = listed.filter(isHere);
  const gone = listed.filter((listing) => !isHere(listing));
  let sums: StoredSums['sums'] = [];
  for (let at = 0; at < here.length; at += AT_ONCE) {
    const listings = here.slice(at, at + AT_ONCE).map(({ scope, document, hash }) => ({ scope, document, hash }));
    ({ sums } = await core.call('sums_add', { sums, listings }));
  }
  if (gone.length === 0 && JSON.stringify(sums) === JSON.stringify(before)) return false;
  await writeRecount(db, log, sums, gone);
  return true;
}
