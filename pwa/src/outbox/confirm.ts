import type { Core, Held } from '../core/functions';
import { confirmFrames, unconfirmFrames } from '../db/outbox';
import type { Database } from '../db/open';
import { allSessions } from '../db/sessions';

/**
 * Takes what the office says it holds of the `claimed` sessions, checked against the hashes of our
 * own frames. A session it does not mention it does not hold. Returns the sessions in which the office holds something else than we wrote: a copied or rolled back tablet.
 */
export async function takeHolds(
  db: Database,
  core: Core,
  claimed: readonly string[],
  holds: readonly Held[],
): Promise<{ forked: string[] }> {
  const named = new Set(claimed);
  const sessions = (await allSessions(db)).filter(({ session }) => named.has(session));
  const chains = sessions.map(({ session, frames }) => ({ session, frames }));
  const plan = await core.call('push_plan', { chains, holds: [...holds] });
  for (const { session, frames } of plan.confirmed) {
    await confirmFrames(db, session, frames);
    await unconfirmFrames(db, session, frames);
  }
  return { forked: plan.forked };
}
