import { fieldDays, prepare, regions, site, type DaySummary } from '../../api/field';
import { ApiError } from '../../api/client';
import { readMeta, writeMeta } from '../../db/meta';
import { countDocuments, rowsOfKind } from '../../db/records';
import type { Persistence, PreparedDay } from '../../db/schema';
import { deviceKeys, publicKeyText } from '../../outbox/device-key';
import type { Trouble } from '../../sync/status';
import { troubleOf } from '../../sync/trouble';
import type { Tablet } from './tablet';

export type { DaySummary, Persistence };

export type DaysAnswer = { ok: true; days: DaySummary[] } | { ok: false; trouble: Trouble };

/** Days the officer is on the roster of. */
export async function loadDays(): Promise<DaysAnswer> {
  try {
    return { ok: true, days: await fieldDays() };
  } catch (error) {
    return { ok: false, trouble: troubleOf(error) };
  }
}

export type PrepareAnswer =
  | { ok: true; label: string; persistence: Persistence; documents: number }
  | { ok: false; trouble: Trouble; message: string };

/**
 * Registers this tablet for a day and downloads everything of it. Can be repeated: what arrived
 * stays, and the same tablet keeps its letter.
 */
export async function prepareDay(
  tablet: Tablet,
  day: string,
  deviceName: string,
): Promise<PrepareAnswer> {
  const { db, loop } = tablet;
  try {
    const persistence = await askPersistence(tablet);
    const key = await publicKeyText(await deviceKeys(db));
    const [granted, regencies, facts] = await Promise.all([
      prepare(day, key, deviceName),
      regions(),
      site(),
    ]);
    await writeMeta(db, 'regions', regencies);
    await writeMeta(db, 'site', facts);
    const villageWord = facts.local_village_word;
    tablet.facts.update((before) => ({ ...before, villageWord }));
    await keep(tablet, { ...granted, device_name: deviceName, complete: false });
    await loop.now();
    // The first call may have joined a round that began before the tablet was prepared.
    await loop.now();
    const { trouble } = tablet.status.get();
    if (trouble !== null) return { ok: false, trouble, message: '' };
    await startNumbersAfter(tablet, granted.day.id, granted.label);
    await keep(tablet, { ...granted, device_name: deviceName, complete: true });
    return { ok: true, label: granted.label, persistence, documents: await countDocuments(db) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { ok: false, trouble: troubleOf(error), message: error.message };
  }
}

async function keep(tablet: Tablet, prepared: PreparedDay): Promise<void> {
  await writeMeta(tablet.db, 'prepared', prepared);
  tablet.facts.update((facts) => ({ ...facts, prepared }));
}

/** A tablet that lost its storage goes on after the numbers it gave out before. */
async function startNumbersAfter(tablet: Tablet, day: string, letter: string): Promise<void> {
  const issued = (await rowsOfKind(tablet.db, 'visit')).flatMap((row) => {
    const [tablets, number] = row.ticket?.split('-') ?? [];
    return row.day === day && tablets === letter ? [Number(number)] : [];
  });
  const numbers = (await readMeta(tablet.db, 'ticket_numbers')) ?? {};
  const highest = Math.max(numbers[day] ?? 0, ...issued);
  await writeMeta(tablet.db, 'ticket_numbers', { ...numbers, [day]: highest });
}

/** Asks the browser never to clear this tablet's storage, and keeps the answer to show it. */
export async function askPersistence(tablet: Tablet): Promise<Persistence> {
  const answer = await persist();
  await writeMeta(tablet.db, 'persistence', answer);
  return answer;
}

async function persist(): Promise<Persistence> {
  try {
    return (await navigator.storage.persist()) ? 'granted' : 'refused';
  } catch {
    return 'unknown';
  }
}
