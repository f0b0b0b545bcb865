import { ApiError } from '../api/client';
import type { Bytes } from '../core/bytes';
import type { Hello } from '../core/exchange';
import type { Core } from '../core/functions';
import { unconfirmedFrames } from '../db/outbox';
import type { Database } from '../db/open';
import { countNotices } from '../db/records';
import type { PreparedDay, StoredFrame, StoredSession } from '../db/schema';
import { allSessions } from '../db/sessions';
import { cutFrames } from '../outbox/cut';
import { deviceKeys } from '../outbox/device-key';
import { fitting, offered, type Sent } from '../outbox/retry';
import type { Comparison } from './comparison';
import { helloFor, type Naming } from './hello';
import { Incoming } from './incoming';
import { Offices } from './offices';
import { records } from './stream';

/** What an exchange needs. `post` is the only thing that touches the network. */
export interface Exchanging {
  db: Database;
  core: Core;
  post(body: Bytes): Promise<ReadableStream<Bytes>>;
  /** Asks who signs for the office now, because this node signed something and is not known. */
  learn(node: string): Promise<void>;
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
  /** Which chains to compare beside those that wait. */
  naming: Naming;
  /** Sessions the office refused or that forked: one frame of each is offered, after all others. */
  stuck: ReadonlySet<string>;
  /** What this sync found out about what both sides hold. */
  comparison: Comparison;
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
  /** Sessions that were named. */
  named: string[];
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
  const naming = { ...plan.naming, all: plan.naming.all || (await countNotices(use.db)) > 0 };
  // After a failure first only what arrived: an answer full of changes may never come whole on a bad
  // link, and what waits here would wait for it.
  const asksOnly = !plan.sendFrames && waiting.length > 0;
  const { wantsSums, repairs, offers } = await plan.comparison.asking(!asksOnly);
  const hello = await helloFor(use, day, kept, naming, wantsSums);
  const { body } = await use.core.call('request_encode', {
    hello: asksOnly ? { ...hello, pull: null } : hello,
    frames: frames.map(({ bytes }) => bytes),
    repairs,
    offers,
  });
  const incoming = new Incoming(use, hello, {
    allNamed: namesAll(hello, kept),
    marksAsked: plan.naming.all || plan.naming.marksMoved,
    offices: await Offices.of(use, day),
  });
  const sent = { frames: frames.reduce((sum, { bytes }) => sum + bytes.length, 0), body: body.length };
  for await (const record of records(use.core, await use.post(body))) await incoming.take(record);
  if (!incoming.ended) throw new ApiError('CUT', '', 0);
  const outcome = afterwards({ ...incoming.outcome, sent }, waiting, await unconfirmedFrames(use.db), plan);
  outcome.more ||= asksOnly;
  if (!asksOnly) await compare(plan.comparison, incoming, outcome);
  return outcome;
}

/** Compares what both sides hold, once nothing else is left to exchange. */
async function compare(comparison: Comparison, incoming: Incoming, outcome: Outcome): Promise<void> {
  // What was found out about another log says nothing of this one.
  if (outcome.newLog) {
    comparison.begin();
    return;
  }
  const { digest, ...heard } = incoming.heard();
  const further = await comparison.heard({ ...heard, digest: outcome.more ? null : digest });
  outcome.more ||= further;
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

/** Whether the office is asked about every chain of this tablet, all written as this device. */
function namesAll({ device, chains }: Hello, kept: readonly StoredSession[]): boolean {
  return chains.length === kept.length && kept.every((session) => session.device === device);
}
