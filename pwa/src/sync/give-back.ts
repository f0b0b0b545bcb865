import type { CallerFunctions } from '../core/caller';
import type { Offer } from '../core/exchange';
import type { Core } from '../core/functions';
import { allBatches, dropBatches, moveBatches } from '../db/batches';
import { erasedDocuments } from '../db/erased';
import { readSums } from '../db/listed';
import type { Database } from '../db/open';
import { allRefused, readDocuments } from '../db/records';
import type { StoredBatch } from '../db/schema';

/** Changes given back in one request: about as much as a body of frames. */
const CHANGES_AT_ONCE = 400;

type Choice = Omit<CallerFunctions['offers_choose']['in'], 'batches'>;

/** The kept batches to give back. */
export async function chooseOffers(db: Database, core: Core, choice: Choice): Promise<StoredBatch[]> {
  const batches = await allBatches(db);
  const { offer } = await core.call('offers_choose', {
    ...choice,
    batches: batches.map((batch) => ({
      id: batch.id,
      ...batch.place,
      entries: batch.entries.map(({ document, hash }) => ({ document, hash })),
      scopes: scopesOf(batch),
    })),
  });
  const chosen = new Set(offer);
  return batches.filter(({ id }) => chosen.has(id));
}

function scopesOf({ entries }: StoredBatch): string[] {
  return [...new Set(entries.flatMap(({ scopes }) => scopes))];
}

/** Nothing differs in these scopes of the office's log: what is kept of them has arrived in it, up to `position`. */
export async function noteArrived(
  db: Database,
  core: Core,
  { log, position }: StoredBatch['place'],
  equal: string[],
): Promise<void> {
  const elsewhere = (await allBatches(db)).filter(({ place }) => place.log !== log);
  if (elsewhere.length === 0) return;
  const batches = elsewhere.map((batch) => ({ id: batch.id, ...batch.place, scopes: scopesOf(batch) }));
  const { arrived } = await core.call('batches_arrived', { batches, log, equal });
  if (arrived.length > 0) await moveBatches(db, arrived, { log, position });
}

/** Batches on their way back, some in each request. */
export class OfferQueue {
  private batches: StoredBatch[] = [];

  get waiting(): boolean {
    return this.batches.length > 0;
  }

  add(batches: readonly StoredBatch[]): void {
    this.batches.push(...batches);
  }

  clear(): void {
    this.batches = [];
  }

  /** What goes into the next request. A batch of which a change was lost here too cannot be given whole. */
  async next(db: Database): Promise<Offer[]> {
    const offers: Offer[] = [];
    for (let changes = 0; this.batches.length > 0 && changes < CHANGES_AT_ONCE; ) {
      const batch = this.batches.shift();
      if (batch === undefined) break;
      changes += batch.entries.length;
      const offer = await offerOf(db, batch);
      if (offer !== null) offers.push(offer);
    }
    return offers;
  }
}

async function offerOf(db: Database, { log, node, signature, entries }: StoredBatch): Promise<Offer | null> {
  const ids = [...new Set(entries.map(({ document }) => document))];
  const bytes = new Map((await allRefused(db)).map(({ key, change }) => [key, change]));
  for (const stored of await readDocuments(db, ids)) {
    stored?.hashes.forEach((hash, at) => {
      const change = stored.changes[at];
      if (change !== undefined) bytes.set(`${stored.id}/${hash}`, change);
    });
  }
  const erased = await erasedDocuments(db);
  const whole = entries.flatMap((entry): Offer['entries'] => {
    // The signature covers names: of what was erased nothing else is given.
    if (erased.has(entry.document)) return [entry];
    const change = bytes.get(`${entry.document}/${entry.hash}`);
    return change === undefined ? [] : [{ ...entry, change }];
  });
  return whole.length < entries.length ? null : { log, node, signature, entries: whole };
}

/**
 * Lets go of batches that the office's backup covers, and of the oldest where there are too many. Only once nothing
 * differs: a position of a log that went back in time says nothing of what stood there before.
 */
export async function dropCovered(db: Database, core: Core, log: string, backed_up: number): Promise<void> {
  const batches = await allBatches(db);
  if (batches.length === 0) return;
  const { drop, over } = await core.call('batches_drop', {
    batches: batches.map(({ id, place, entries }) => ({ id, ...place, changes: entries.length })),
    log,
    ancestors: (await readSums(db, log))?.ancestors ?? [],
    backed_up,
  });
  if (drop.length + over.length > 0) await dropBatches(db, [...drop, ...over]);
}
