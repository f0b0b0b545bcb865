import { ApiError } from '../api/client';
import type { Bytes } from '../core/bytes';
import { type Core, type Held, type Hello, type SyncRecord } from '../core/functions';
import { countUnconfirmed, unconfirmedFrames } from '../db/outbox';
import { readMeta, writeMeta } from '../db/meta';
import type { Database } from '../db/open';
import { commitPulled, mergeCursors, PullRaced } from '../db/pulled';
import { countNotices, replaceNotices, writeNotice } from '../db/records';
import type { PreparedDay, StoredFrame, StoredNotice, StoredSession } from '../db/schema';
import { allSessions } from '../db/sessions';
import { applyReceived } from '../doc/apply';
import { takeHolds } from '../outbox/confirm';
import { cutFrames } from '../outbox/cut';
import { deviceKeys } from '../outbox/device-key';
import { fitting, offered, type Sent } from '../outbox/retry';
import { noteHolder, officeNode, takeReceipt, type OfficeNode } from '../outbox/tiers';
import { records } from './stream';

/** Before a log's first position: everything of these scopes is missing. */
const START = { position: 0, rolling: '0000000000000000' };

/** Bit of the hello: a node whose log is not the one named lists nothing yet, and is asked again. */
const KEEPS_OTHER_LOGS = 2;

/** What an exchange needs. `post` is the only thing that touches the network. */
export interface Exchanging {
  db: Database;
  core: Core;
  post(body: Bytes): Promise<ReadableStream<Bytes>>;
  /** Runs work while no save is being made. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** Documents that were changed by what came in. */
  onApplied(documents: readonly string[]): void;
  /** Saves still unconfirmed, and changes received so far in this exchange. */
  onProgress(unsent: number, received: number): void;
}

export interface Plan {
  /** False after a failure: first ask what arrived, then send the rest. */
  sendFrames: boolean;
  /** Bytes of frames in one body. */
  budget: number;
  /** True to compare every chain the tablet keeps, not only the unconfirmed ones. */
  allChains: boolean;
  /** Sessions the office refused or that forked: one frame of each is offered, after all others. */
  stuck: ReadonlySet<string>;
}

export interface Outcome {
  /** The office has more to give, or frames are waiting. */
  more: boolean;
  received: number;
  /** The storage of the office is another one than before (a restored backup). */
  newLog: boolean;
  /** A receipt could say more than before, and not every session was asked about. */
  marksMoved: boolean;
  forked: string[];
  refused: { session: string; code: string }[];
  /** Sessions whose first waiting frame has arrived. */
  advanced: string[];
  sent: Sent;
}

/** One round trip. What arrives is stored record by record; an error may come after some of it. */
export async function exchangeOnce(use: Exchanging, day: PreparedDay, plan: Plan): Promise<Outcome> {
  // Not while the link is in doubt: a day without signal would become one small frame per save.
  if (plan.sendFrames) await cutFrames(use.db, use.core, await deviceKeys(use.db));
  const waiting = await unconfirmedFrames(use.db);
  const frames = plan.sendFrames ? fitting(offered(waiting, plan.stuck), plan.budget) : [];
  const kept = (await allSessions(use.db)).filter((session) => session.frames.length > 0);
  // What is held back is let go by others' work as well; the office lists it by the chains named.
  const allChains = plan.allChains || (await countNotices(use.db)) > 0;
  const hello = await helloFor(use.db, day, allChains ? kept : waitingOf(kept, waiting));
  // After a failure first only what arrived: an answer full of changes may never come whole on a bad
  // link, and what waits here would wait for it.
  const asksOnly = !plan.sendFrames && waiting.length > 0;
  const { body } = await use.core.call('request_encode', {
    hello: asksOnly ? { ...hello, pull: null } : hello,
    frames: frames.map(({ bytes }) => bytes),
  });
  const office = await officeNode(use.core, day);
  const incoming = new Incoming(use, hello, namesAll(hello, kept), plan.allChains, office);
  incoming.outcome.sent = {
    frames: frames.reduce((sum, { bytes }) => sum + bytes.length, 0),
    body: body.length,
  };
  for await (const record of records(use.core, await use.post(body))) await incoming.take(record);
  if (!incoming.ended) throw new ApiError('CUT', '', 0);
  incoming.outcome.more ||= asksOnly;
  return afterwards(incoming.outcome, waiting, await unconfirmedFrames(use.db), plan);
}

/** What is left to send, and whether asking again at once can bring it further. */
function afterwards(
  outcome: Outcome,
  waiting: readonly StoredFrame[],
  left: readonly StoredFrame[],
  { stuck }: Plan,
): Outcome {
  const first = new Map([...left].reverse().map(({ session, number }) => [session, number]));
  const advanced = waiting
    .filter(({ session, number }) => number < (first.get(session) ?? Infinity))
    .map(({ session }) => session);
  const failed = new Set([...outcome.forked, ...outcome.refused.map(({ session }) => session)]);
  // Frames behind a session that turned out to be stuck just now have had no turn yet.
  const learned = waiting.some(({ session }) => failed.has(session) && !stuck.has(session));
  const others = left.some(({ session }) => !failed.has(session) && !stuck.has(session));
  const progress = left.length > 0 && left.length !== waiting.length;
  return {
    ...outcome,
    advanced: [...new Set(advanced)],
    more: outcome.more || progress || (learned && others),
  };
}

function waitingOf(
  kept: readonly StoredSession[],
  waiting: readonly StoredFrame[],
): StoredSession[] {
  const open = new Set(waiting.map(({ session }) => session));
  return kept.filter(({ session }) => open.has(session));
}

/** Whether the office is asked about every chain of this tablet, all written as this device. */
function namesAll({ device, chains }: Hello, kept: readonly StoredSession[]): boolean {
  return chains.length === kept.length && kept.every((session) => session.device === device);
}

async function helloFor(
  db: Database,
  day: PreparedDay,
  sessions: readonly StoredSession[],
): Promise<Hello> {
  const pulled = await readMeta(db, 'pulled');
  const known = pulled?.cursors ?? [];
  const wanted = new Set(day.scopes);
  const cursors = mergeCursors([{ ...START, scopes: day.scopes }], known)
    .map((cursor) => ({ ...cursor, scopes: cursor.scopes.filter((scope) => wanted.has(scope)) }))
    .filter(({ scopes }) => scopes.length > 0);
  return {
    device: day.device,
    day: day.day.id,
    chains: sessions.map(({ session, frames }) => ({ session, frames: frames.length })),
    pull: { log: pulled?.log ?? null, cursors },
    ...(pulled?.others === undefined ? {} : { flags: KEEPS_OTHER_LOGS }),
  };
}

/** Takes the records of one response, in order. */
class Incoming {
  ended = false;
  readonly outcome: Outcome = {
    more: false,
    received: 0,
    newLog: false,
    marksMoved: false,
    forked: [],
    refused: [],
    advanced: [],
    sent: { frames: 0, body: 0 },
  };
  private log: string | null;
  private marks = 0;
  /** False when the van's hub answers. */
  private atOffice = true;
  private readonly notices: Omit<StoredNotice, 'key'>[] = [];

  constructor(
    private readonly use: Exchanging,
    private readonly hello: Hello,
    private readonly allNamed: boolean,
    private readonly askedAll: boolean,
    private readonly office: OfficeNode | null,
  ) {
    this.log = hello.pull?.log ?? null;
  }

  async take(record: SyncRecord): Promise<void> {
    switch (record.type) {
      case 'welcome':
        this.outcome.newLog = this.log !== null && this.log !== record.log;
        // Positions of another log mean nothing in this one: everything is compared from its start.
        if (this.log !== record.log) await commitPulled(this.use.db, [], record.log, []);
        this.log = record.log;
        this.atOffice = this.office === null || record.node === null || record.node === this.office.node;
        if (this.atOffice) await writeMeta(this.use.db, 'backup', record.backup);
        return this.marked(record.marks);
      case 'holds':
        return this.holds(record.chains);
      case 'receipt':
        return takeReceipt(this.use.db, this.use.core, this.office, record);
      case 'refused':
        this.outcome.refused.push({ session: record.session, code: record.code });
        return;
      case 'notice':
        if (record.code !== '') this.notices.push(noticeOf(record));
        return writeNotice(this.use.db, noticeOf(record));
      case 'changes':
        return this.changes(record);
      case 'released': {
        const { at, by, reason } = record;
        return writeMeta(this.use.db, 'released', { at, by, reason });
      }
      case 'end':
        this.ended = true;
        this.outcome.more = record.more;
        if (this.allNamed) await replaceNotices(this.use.db, this.notices);
        if (this.askedAll) await this.keepMarks();
    }
  }

  private async marked(marks: number): Promise<void> {
    this.marks = marks;
    const kept = await readMeta(this.use.db, 'marks');
    this.outcome.marksMoved = !this.askedAll && (kept?.[this.log ?? ''] ?? 0) !== marks;
  }

  /** Only after a whole answer: a receipt that was cut off must be asked for again. */
  private async keepMarks(): Promise<void> {
    const kept = await readMeta(this.use.db, 'marks');
    const log = this.log ?? '';
    if (kept?.[log] !== this.marks) await writeMeta(this.use.db, 'marks', { ...kept, [log]: this.marks });
  }

  private async holds(chains: readonly Held[]): Promise<void> {
    const { db, core } = this.use;
    const claimed = new Set(this.claimed());
    const before = (await allSessions(db)).filter(({ session }) => claimed.has(session));
    this.outcome.forked = (await takeHolds(db, core, [...claimed], chains)).forked;
    await noteHolder(db, before, this.atOffice);
    return this.progress();
  }

  private claimed(): string[] {
    return this.hello.chains.map(({ session }) => session);
  }

  private async changes({ changes, cursors }: SyncRecord & { type: 'changes' }): Promise<void> {
    const { db, core } = this.use;
    const store = async (): Promise<string[]> => {
      const applied = await applyReceived(db, core, changes);
      await commitPulled(db, applied, this.log ?? '', cursors);
      return applied.map(({ id }) => id);
    };
    // Usually no save comes in between; when one does, once more while saves wait.
    const documents = await store().catch((error: unknown) => {
      if (error instanceof PullRaced) return this.use.alone(store);
      throw error;
    });
    this.outcome.received += changes.length;
    this.use.onApplied(documents);
    await this.progress();
  }

  private async progress(): Promise<void> {
    this.use.onProgress(await countUnconfirmed(this.use.db), this.outcome.received);
  }
}

function noticeOf({ document, hash, code }: SyncRecord & { type: 'notice' }): {
  document: string;
  hash: string;
  code: string;
} {
  return { document, hash, code };
}
