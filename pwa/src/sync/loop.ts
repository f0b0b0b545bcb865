import { ApiError } from '../api/client';
import { readMeta } from '../db/meta';
import { countUnconfirmed } from '../db/outbox';
import type { PreparedDay } from '../db/schema';
import { healRows } from '../doc/heal-rows';
import type { Source } from '../lib/signal';
import { nextBudget, nextRatio, RETRY, waitAfter } from '../outbox/retry';
import { countTiers } from '../outbox/tiers';
import { Comparison } from './comparison';
import { exchangeOnce, type Exchanging, type Outcome } from './exchange';
import { recount } from './recount';
import type { SyncStatus, Trouble } from './status';
import { troubleOf } from './trouble';

export interface LoopOptions {
  exchanging: Omit<Exchanging, 'onProgress'>;
  status: Source<SyncStatus>;
  /** The day to sync; undefined while the tablet is not prepared. */
  day: () => Promise<PreparedDay | undefined>;
  /** Everything the office has for `day` is here now. */
  onPulled: (day: PreparedDay) => Promise<void>;
  /** How many changes are held back or not applied, to be shown. */
  countHeld: () => Promise<number>;
  /** The office will take nothing more of this session; what it has stays and is offered on. */
  onDeadSession: (session: string) => void;
}

/** Milliseconds after which the store is counted anew; also at each start of the app. */
const COUNT_AGE = 60 * 60 * 1000;

/** Refusals of one session's chain, which no later frame of it can mend; other sessions are not meant. */
const DEAD: ReadonlySet<string> = new Set(['frame_fork', 'frame_signature', 'frame_structure']);

/**
 * Decides when to talk to the office: after each save, when the network comes back, when the app is
 * looked at, and every half minute; after failures at growing distances. One exchange at a time.
 */
export class SyncLoop {
  /** A day being prepared while work on another one can go on: synced instead of that one. */
  preparing: PreparedDay | null = null;
  private running: Promise<boolean> | null = null;
  private again = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private budget: number = RETRY.bodyStart;
  private ratio: number = RETRY.ratioStart;
  private readonly naming = { all: true, marksMoved: false, open: new Set<string>() };
  private readonly comparison: Comparison;
  /** When what was listed was last counted anew, in milliseconds. */
  private counted = 0;
  /** Sessions the office refused or that forked since the app started. */
  private readonly stuck = new Set<string>();

  constructor(private readonly options: LoopOptions) {
    this.comparison = new Comparison(options.exchanging.db, options.exchanging.core);
  }

  /** Begins, and keeps going until `stop`. */
  start(): void {
    void this.refresh();
    this.nudge();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  /** Something changed: sync now, or once more when the running round is over. */
  nudge(): void {
    if (this.running === null) void this.now();
    else this.again = true;
  }

  /** The next exchange compares every chain the tablet keeps with the office. */
  compareAll(): void {
    this.naming.all = true;
  }

  /** Syncs now. True when everything the office has for the day is here, false when it was cut short. */
  now(): Promise<boolean> {
    clearTimeout(this.timer);
    this.running ??= this.round().finally(() => {
      this.running = null;
      const wait = this.again && this.failures === 0 ? 0 : waitAfter(this.failures);
      this.again = false;
      this.timer = setTimeout(() => void this.now(), wait);
    });
    return this.running;
  }

  /** Shows the present counts without talking to anybody. */
  async refresh(): Promise<void> {
    const { exchanging, status, countHeld } = this.options;
    const { db } = exchanging;
    const [unsent, held, tiers, backup, released] = await Promise.all([
      countUnconfirmed(db),
      countHeld(),
      countTiers(db),
      readMeta(db, 'backup'),
      readMeta(db, 'released'),
    ]);
    const said = { backup: backup ?? null, released: released ?? null };
    status.update((before) => ({ ...before, unsent, held, tiers, ...said }));
  }

  private async round(): Promise<boolean> {
    const day = this.preparing ?? (await this.options.day());
    if (day === undefined) return false;
    const { status } = this.options;
    await this.refresh();
    const of = status.get().unsent;
    status.update((before) => ({
      ...before,
      phase: of > 0 ? 'sending' : 'receiving',
      sent: 0,
      of,
      received: 0,
    }));
    let trouble: Trouble | null = null;
    let pulled = false;
    try {
      trouble = await this.exchanges(day);
      this.failures = 0;
      await this.options.onPulled(day);
      pulled = true;
    } catch (error) {
      trouble = troubleOf(error);
      this.failures += 1;
      // What the answer had to say of older chains, or of a restored office, may be lost with it.
      this.naming.all = true;
      this.budget = nextBudget(this.budget, false);
      // The server could not take a body of this size: the smallest one next.
      if (error instanceof ApiError && error.status === 413) this.budget = RETRY.bodyMin;
    }
    await this.refresh();
    status.update((before) => ({
      ...before,
      phase: 'idle',
      trouble,
      contacted: before.contacted || trouble === null,
    }));
    return pulled;
  }

  private async exchanges(day: PreparedDay): Promise<Trouble | null> {
    this.comparison.begin();
    const troubles = new Map<string, Trouble>();
    let before = 0;
    for (let more = true; more; ) {
      // After a failure nobody knows what arrived: ask first, send after.
      const sendFrames = this.failures === 0;
      const outcome = await exchangeOnce(this.using(before), day, {
        sendFrames,
        budget: this.budget * this.ratio,
        naming: this.naming,
        stuck: this.stuck,
        comparison: this.comparison,
      });
      before += outcome.received;
      this.budget = nextBudget(this.budget, true);
      this.ratio = nextRatio(this.ratio, outcome.sent);
      // One session in trouble holds up neither the others nor what the office has to give.
      this.note(outcome, troubles);
      this.naming.all = outcome.newLog || troubles.size > 0 || this.comparison.namesAll;
      this.naming.marksMoved = outcome.marksMoved;
      for (const session of outcome.named) this.naming.open.add(session);
      this.failures = 0;
      more = outcome.more || outcome.newLog || outcome.marksMoved || (!sendFrames && (await this.unsent()) > 0);
      if (!more && (await this.countAnew())) {
        this.comparison.begin();
        more = true;
      }
    }
    // Everything is confirmed and read past: nothing has to be named until it changes.
    this.naming.open.clear();
    const all = [...troubles.values()];
    return all.find(({ kind }) => kind === 'forked') ?? all[0] ?? this.comparison.trouble;
  }

  /**
   * Now and then, when everything else is done: whether every document has its line, and what was listed is really in
   * the store. True when something is missing.
   */
  private async countAnew(): Promise<boolean> {
    if (Date.now() - this.counted < COUNT_AGE) return false;
    const { db, core, onApplied } = this.options.exchanging;
    const healed = await healRows(db);
    if (healed.length > 0) onApplied(healed);
    const missing = await recount(db, core);
    this.counted = Date.now();
    return missing;
  }

  private note(outcome: Outcome, troubles: Map<string, Trouble>): void {
    for (const session of outcome.advanced) {
      this.stuck.delete(session);
      troubles.delete(session);
    }
    for (const [session, trouble] of troublesIn(outcome)) {
      if (trouble.kind === 'forked' || DEAD.has(trouble.code)) this.options.onDeadSession(session);
      this.stuck.add(session);
      troubles.set(session, trouble);
    }
  }

  private unsent(): Promise<number> {
    return countUnconfirmed(this.options.exchanging.db);
  }

  private using(before: number): Exchanging {
    return {
      ...this.options.exchanging,
      onProgress: (unsent, received) =>
        this.options.status.update((status) => ({
          ...status,
          unsent,
          sent: Math.max(0, status.of - unsent),
          received: before + received,
        })),
    };
  }
}

function troublesIn({ forked, refused }: Outcome): [string, Trouble][] {
  return [
    ...refused.map(({ session, code }): [string, Trouble] => [
      session,
      { kind: 'refused', code },
    ]),
    ...forked.map((session): [string, Trouble] => [session, { kind: 'forked', code: 'CHAIN_FORKED' }]),
  ];
}
