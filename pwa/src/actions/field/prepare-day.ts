import { fieldDays, prepare, regions, site, type DaySummary } from '../../api/field';
import { ApiError } from '../../api/client';
import { writeMeta } from '../../db/meta';
import { countDocuments } from '../../db/records';
import type { Persistence, PreparedDay } from '../../db/schema';
import { deviceKeys, publicKeyText } from '../../outbox/device-key';
import type { Trouble } from '../../sync/status';
import { troubleOf } from '../../sync/trouble';
import { keepComplete, keepPrepared } from './prepared';
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
  const { db } = tablet;
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
    const asked: PreparedDay = { ...granted, device_name: deviceName, complete: false };
    if (!(await downloaded(tablet, asked))) {
      const trouble = tablet.status.get().trouble ?? { kind: 'other', code: 'NOT_COMPLETE' };
      return { ok: false, trouble, message: '' };
    }
    await keepComplete(tablet, asked);
    return { ok: true, label: granted.label, persistence, documents: await countDocuments(db) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { ok: false, trouble: troubleOf(error), message: error.message };
  }
}

/**
 * Downloads everything of `day`; false when the pull did not reach its end. Work on a day that is
 * complete on this tablet can go on meanwhile, and afterwards if this fails.
 */
async function downloaded(tablet: Tablet, day: PreparedDay): Promise<boolean> {
  const { loop } = tablet;
  const { prepared } = tablet.facts.get();
  const usable = prepared?.complete === true;
  const same = prepared?.day.id === day.day.id;
  if (same || !usable) await keepPrepared(tablet, { ...day, complete: usable });
  else loop.preparing = day;
  try {
    loop.compareAll();
    await loop.now();
    // The first call may have joined a round that began before the tablet was prepared.
    loop.compareAll();
    return await loop.now();
  } finally {
    loop.preparing = null;
  }
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
