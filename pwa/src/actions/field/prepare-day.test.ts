import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../../api/client';
import { testCore } from '../../core/testing';
import { readMeta, writeMeta } from '../../db/meta';
import type { PreparedDay } from '../../db/schema';
import { TestOffice } from '../../testing/office';
import { preparedDay, testTablet, type TestTablet } from '../../testing/tablet';
import { prepareDay } from './prepare-day';

let office: TestOffice;
let tablet: TestTablet;
/** What the office grants. */
let granted: PreparedDay;
beforeEach(async () => {
  office = new TestOffice(await testCore());
  tablet = await testTablet(office.post, undefined, office.core);
  office.watches(tablet.db);
  granted = tablet.day;
  vi.stubGlobal('fetch', (path: string) => Promise.resolve(Response.json(answerTo(path))));
});
afterEach(() => vi.unstubAllGlobals());

function answerTo(path: string): unknown {
  if (!path.includes('prepare')) return { local_village_word: 'desa', districts: [] };
  const { device, label, day, scopes, log } = granted;
  return { device, label, day, scopes, log };
}

/** Prepares while the network goes away after the day was granted. */
async function interrupted(): Promise<void> {
  const post = vi.spyOn(tablet.loop, 'now').mockImplementationOnce(() => Promise.resolve(false));
  office.failure = () => new ApiError('NETWORK', '', 0);
  const answer = await prepareDay(tablet, granted.day.id, 'Tablet 1');
  tablet.loop.stop();
  post.mockRestore();
  expect(answer).toMatchObject({ ok: false, trouble: { kind: 'unreachable' } });
}

describe('preparing a day', () => {
  it('again without reaching the office to the end leaves the tablet usable', async () => {
    await interrupted();
    expect(tablet.facts.get().prepared).toMatchObject({ day: { id: tablet.day.day.id }, complete: true });
    expect((await readMeta(tablet.db, 'prepared'))?.complete).toBe(true);
  });

  it('other than the one at work keeps that one until the new one is complete', async () => {
    granted = { ...preparedDay(), device: tablet.day.device };
    await interrupted();
    expect(tablet.facts.get().prepared).toEqual(tablet.day);
    const answer = await prepareDay(tablet, granted.day.id, 'Tablet 1');
    tablet.loop.stop();
    expect(answer.ok).toBe(true);
    expect(office.requests.at(-1)?.hello.day).toBe(granted.day.id);
    expect(tablet.facts.get().prepared).toMatchObject({ day: { id: granted.day.id }, complete: true });
  });

  it('for the first time is completed by a later exchange that reaches the end', async () => {
    const fresh = { ...tablet.day, complete: false };
    await writeMeta(tablet.db, 'prepared', fresh);
    tablet.facts.update((facts) => ({ ...facts, prepared: fresh }));
    await interrupted();
    expect(tablet.facts.get().prepared?.complete).toBe(false);
    await tablet.loop.now();
    tablet.loop.stop();
    expect(tablet.facts.get().prepared?.complete).toBe(true);
    expect((await readMeta(tablet.db, 'prepared'))?.complete).toBe(true);
  });
});
