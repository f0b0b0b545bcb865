import { readMeta, writeMeta } from '../../db/meta';
import { rowsOfKind } from '../../db/records';
import type { PreparedDay } from '../../db/schema';
import type { Tablet } from './tablet';

type Kept = Pick<Tablet, 'db' | 'facts'>;

/** Stores the day this tablet works on, and tells the screens. */
export async function keepPrepared(tablet: Kept, prepared: PreparedDay): Promise<void> {
  await writeMeta(tablet.db, 'prepared', prepared);
  tablet.facts.update((facts) => ({ ...facts, prepared }));
}

/** Everything of the day is here: work can begin. */
export async function keepComplete(tablet: Kept, day: PreparedDay): Promise<void> {
  await startNumbersAfter(tablet, day.day.id, day.label);
  await keepPrepared(tablet, { ...day, complete: true });
}

/**
 * A pull for `pulled` reached its end. The day whose preparing was interrupted is complete by that,
 * unless the pull was for another day or for fewer villages.
 */
export async function completeAfterPull(tablet: Kept, pulled: PreparedDay): Promise<void> {
  const { prepared } = tablet.facts.get();
  if (prepared === undefined || prepared.complete) return;
  const scopes = new Set(pulled.scopes);
  if (prepared.day.id !== pulled.day.id || !prepared.scopes.every((scope) => scopes.has(scope))) return;
  await keepComplete(tablet, prepared);
}

/** A tablet that lost its storage goes on after the numbers it gave out before. */
async function startNumbersAfter({ db }: Kept, day: string, letter: string): Promise<void> {
  const issued = (await rowsOfKind(db, 'visit')).flatMap((row) => {
    const [tablets, number] = row.ticket?.split('-') ?? [];
    return row.day === day && tablets === letter ? [Number(number)] : [];
  });
  const numbers = (await readMeta(db, 'ticket_numbers')) ?? {};
  const highest = Math.max(numbers[day] ?? 0, ...issued);
  await writeMeta(db, 'ticket_numbers', { ...numbers, [day]: highest });
}
