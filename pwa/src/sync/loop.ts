import { ApiError } from '../api/client';
import { countUnconfirmed } from '../db/outbox';
import type { PreparedDay } from '../db/schema';
import type { Source } from '../lib/signal';
import { nextBudget, RETRY, waitAfter } from '../outbox/retry';
import { exchangeOnce, type Exchanging, type Outcome } from './exchange';
import type { SyncStatus, Trouble } from './status';
import { troubleOf } from './trouble';

export interface LoopOptions {
  exchanging: Omit<Exchanging, 'onProgress'>;
  status: Source<SyncStatus>;
  /** The day to sync; undefined while the tablet is not prepared. */
  day: () => Promise<PreparedDay | undefined>;
  /** How many changes are held back or not applied, to be shown. */
  countHeld: () => Promise<number>;
}

/**
 * Decides when to talk to the office: after each save, when the network comes back, when the app is
 * looked at, and every half minute; after failures at growing distances. One exchange at a time.
 */
export class SyncLoop {
  private running: Promise<void> | null = null;
  private again = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private budget: number = RETRY.bodyStart;
  private allChains = true;

  constructor(private readonly options: LoopOptions) {}

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

  /** Syncs now. Resolves when everything was exchanged or the first trouble stopped it. */
  now(): Promise<void> {
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
    const [unsent, held] = await Promise.all([countUnconfirmed(exchanging.db), countHeld()]);
    status.update((before) => ({ ...before, unsent, held }));
  }

  private async round(): Promise<void> {
    const day = await this.options.day();
    if (day === undefined) return;
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
    try {
      trouble = await this.exchanges(day);
      this.failures = 0;
    } catch (error) {
      trouble = troubleOf(error);
      this.failures += 1;
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
  }

  private async exchanges(day: PreparedDay): Promise<Trouble | null> {
    let before = 0;
    for (let more = true; more; ) {
      // After a failure nobody knows what arrived: ask first, send after.
      const sendFrames = this.failures === 0;
      const outcome = await exchangeOnce(this.using(before), day, {
        sendFrames,
        budget: this.budget,
        allChains: this.allChains,
      });
      before += outcome.received;
      this.budget = nextBudget(this.budget, true);
      const trouble = troubleIn(outcome);
      if (trouble !== null) return trouble;
      this.allChains = outcome.newLog;
      this.failures = 0;
      more = outcome.more || outcome.newLog || (!sendFrames && (await this.unsent()) > 0);
    }
    return null;
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

function troubleIn({ forked, refused }: Outcome): Trouble | null {
  if (forked.length > 0) return { kind: 'forked', code: 'CHAIN_FORKED' };
  const [code] = refused;
  if (code === undefined) return null;
  return { kind: code.includes('REVOKED') ? 'revoked' : 'refused', code };
}
