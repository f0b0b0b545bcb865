import type { Core } from '../core/functions';
import type { Offer, RepairStep, SyncRecord } from '../core/exchange';
import { moveBatches } from '../db/batches';
import { gaveBack, listedIn, readSums } from '../db/listed';
import { readMeta } from '../db/meta';
import type { Database } from '../db/open';
import type { StoredBatch } from '../db/schema';
import { chooseOffers, dropCovered, noteArrived, OfferQueue } from './give-back';
import type { Trouble } from './status';

type Said<T extends SyncRecord['type']> = Omit<SyncRecord & { type: T }, 'type'>;

/** What an answer said beside changes, for the comparison. */
export interface Heard {
  log: string;
  /** The office answered, not the van's hub. */
  atOffice: boolean;
  /** Up to which position its newest verified backup covers the log. */
  backedUp: number;
  digest: Said<'digest'> | null;
  /** The scopes that the digest speaks for. */
  asked: string[];
  steps: Said<'repair'>[];
  wanted: string[];
}

/** What goes into the next request for the comparison. */
export interface Asking {
  wantsSums: boolean;
  repairs: RepairStep[];
  offers: Offer[];
}

/** Answers with steps of a repair in one sync: three are usual, and a node that never ends must not hold up the rest. */
const ROUNDS_MAX = 16;

/** Scopes that differ although they were repaired. Nothing is taken over from the node for it. */
const DIFFERS: Trouble = { kind: 'differs', code: 'SCOPE_DIFFERS' };

/**
 * Compares at a log's end what this tablet was told and holds with what the node lists, and repairs what differs: first
 * the fold of all scopes, then the sum of each, then change by change; what the node lacks is given back to it.
 */
export class Comparison {
  trouble: Trouble | null = null;
  private wantsSums = false;
  private repairs: RepairStep[] = [];
  /** Scopes being compared change by change, and those that are through. */
  private readonly open = new Set<string>();
  private readonly settled = new Set<string>();
  private rounds = 0;
  private readonly wanted = new Set<string>();
  private readonly offers = new OfferQueue();
  /** The fold that was left different: not repaired again until it is another one. */
  private standing = '';
  /** The batches that are given to a restored log beside what it wants; null before they are chosen. */
  private returning: number[] | null = null;

  constructor(
    private readonly db: Database,
    private readonly core: Core,
  ) {}

  /** A sync begins: what was repaired in an earlier one may be repaired again. */
  begin(): void {
    this.wantsSums = false;
    this.repairs = [];
    this.open.clear();
    this.settled.clear();
    this.rounds = 0;
    this.wanted.clear();
    this.offers.clear();
    this.returning = null;
    this.trouble = null;
  }

  /** Something differs: a node that forgot frames of ours says so only of chains that are named. */
  get namesAll(): boolean {
    return this.wantsSums;
  }

  /** What to ask next; nothing when the log is not asked for anything. */
  async asking(ofLog: boolean): Promise<Asking> {
    if (!ofLog) return { wantsSums: false, repairs: [], offers: [] };
    return { wantsSums: this.wantsSums, repairs: this.repairs, offers: await this.offers.next(this.db) };
  }

  /** After a whole answer that brought everything. True when another round trip takes it further. */
  async heard(heard: Heard): Promise<boolean> {
    // A node that was asked for its sums and names none would be asked for ever.
    const askedSums = this.wantsSums;
    this.wantsSums = false;
    this.repairs = [];
    for (const id of heard.wanted) this.wanted.add(id);
    await this.answerSteps(heard);
    if (this.repairs.length > 0) return true;
    // A step that the node passed over is never answered.
    for (const scope of this.open) this.settled.add(scope);
    this.open.clear();
    if (this.wanted.size > 0) await this.giveBack();
    if (this.offers.waiting) return true;
    return heard.digest !== null && (await this.compare(heard, heard.digest, askedSums));
  }

  private async answerSteps({ log, steps }: Heard): Promise<void> {
    if (steps.length === 0 || ++this.rounds > ROUNDS_MAX) return;
    for (const { scope, message } of steps) {
      this.open.delete(scope);
      const { position, items } = await this.place(log, scope);
      const { repair } = await this.core.call('repair_answer', { scope, position, items, message });
      if (repair === null) this.settled.add(scope);
      else this.goOn(repair);
    }
  }

  private async compare(
    { log, asked, atOffice, backedUp }: Heard,
    { fold, sums }: Said<'digest'>,
    askedSums: boolean,
  ): Promise<boolean> {
    const own = (await readSums(this.db, log))?.sums ?? [];
    const settled = [...this.settled];
    const compared = await this.core.call('digest_compare', { own, asked, fold, sums, settled });
    const known = askedSums || this.standing === `${log}/${fold}`;
    switch (compared.verdict) {
      case 'equal':
        this.standing = '';
        this.trouble = null;
        if (atOffice) {
          await noteArrived(this.db, this.core, await this.end(log), asked);
          await dropCovered(this.db, this.core, log, backedUp);
        }
        return this.giveBackRest(log, asked);
      case 'ask_sums':
        this.wantsSums = !known;
        if (known) this.trouble = DIFFERS;
        return !known;
      case 'repair':
        for (const scope of compared.scopes) {
          const { position, items } = await this.place(log, scope);
          this.goOn((await this.core.call('repair_begin', { scope, position, items })).repair);
        }
        return true;
      case 'differs':
        this.standing = `${log}/${fold}`;
        this.trouble = DIFFERS;
        // No backup counts while something differs; only what is too much goes.
        if (atOffice) await dropCovered(this.db, this.core, log, 0);
        return this.giveBackRest(log, asked);
    }
  }

  private goOn(repair: RepairStep): void {
    this.open.add(repair.scope);
    this.repairs.push(repair);
  }

  /** What the node wants by name goes back to it, in whole batches. */
  private async giveBack(): Promise<void> {
    const wanted = [...this.wanted];
    this.offers.add(await chooseOffers(this.db, this.core, { ancestors: [], compared: [], wanted }));
    this.wanted.clear();
  }

  /** After a restore: what the log lost beside the scopes that were compared, which nobody wants by name. */
  private async giveBackRest(log: string, compared: string[]): Promise<boolean> {
    const kept = await readSums(this.db, log);
    if (kept?.lacks === undefined) return false;
    if (this.returning === null) {
      const { ancestors = [] } = kept;
      const rest = await chooseOffers(this.db, this.core, { ancestors, compared, wanted: [] });
      this.offers.add(rest);
      this.returning = rest.map(({ id }) => id);
    }
    if (this.offers.waiting) return true;
    await moveBatches(this.db, this.returning, await this.end(log));
    await gaveBack(this.db, log);
    return false;
  }

  /** How far the log was read. */
  private async end(log: string): Promise<StoredBatch['place']> {
    const cursors = (await readMeta(this.db, 'pulled'))?.cursors ?? [];
    return { log, position: Math.max(0, ...cursors.map(({ position }) => position)) };
  }

  /** How far a scope was read, and what was listed in it. */
  private async place(log: string, scope: string): Promise<{ position: number; items: Awaited<ReturnType<typeof listedIn>> }> {
    const pulled = await readMeta(this.db, 'pulled');
    const cursor = pulled?.cursors.find(({ scopes }) => scopes.includes(scope));
    const sums = await readSums(this.db, log);
    const items = sums === undefined ? [] : await listedIn(this.db, sums.list, scope);
    return { position: cursor?.position ?? 0, items };
  }
}
