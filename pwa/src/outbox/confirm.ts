import type { Held } from '../core/exchange';
import type { Core } from '../core/functions';
import { confirmFrames, unconfirmFrames } from '../db/outbox';
import type { Database } from '../db/open';
import { allSessions } from '../db/sessions';

/** What a node holds of the sessions it was asked about. */
export interface HeldByNode {
  /** Frames that are ours, by session. */
  ours: ReadonlyMap<string, number>;
  /** Sessions of which it holds something else under one of our numbers. */
  notOurs: ReadonlySet<string>;
  /** Sessions in trouble: a copied or rolled back tablet. */
  forked: string[];
}

/**
 * Takes what the office says it holds of the `claimed` sessions, checked against the hashes of our
 * own frames.
 * A session it does not mention it does not hold.
 */
export async function takeHolds(
  db: Database,
  core: Core,
  claimed: readonly string[],
  holds: readonly Held[],
): Promise<HeldByNode> {
  const named = new Set(claimed);
  const sessions = (await allSessions(db)).filter(({ session }) => named.has(session));
  const chains = sessions.map(({ session, frames }) => ({ session, frames }));
  const plan = await core.call('push_plan', { chains, holds: [...holds] });
  for (const { session, frames } of plan.confirmed) {
    await confirmFrames(db, session, frames);
    await unconfirmFrames(db, session, frames);
  }
  const ours = new Map(plan.confirmed.map(({ session, frames }) => [session, frames]));
  // A session that is known to have gone two ways is news only while something of it waits.
  const quiet = sessions.filter(({ forked, confirmed, frames }) => forked === true && confirmed === frames.length);
  const settled = new Set(quiet.map(({ session }) => session));
  return {
    ours,
    notOurs: new Set([...plan.forked, ...plan.split]),
    forked: plan.forked.filter((session) => !settled.has(session)),
  };
}
