import { beforeEach, describe, expect, it } from 'vitest';
import { listRecords } from '../actions/field/records';
import { readRecord } from '../actions/field/read-record';
import { ApiError } from '../api/client';
import { readMeta } from '../db/meta';
import { countUnconfirmed, unconfirmedFrames, uncutSaves } from '../db/outbox';
import { CURSORS, elsewhere, register, sync, tabletAtOffice } from '../testing/exchange';
import { page, type TestOffice } from '../testing/office';
import { testTablet, type TestTablet } from '../testing/tablet';

let office: TestOffice;
let tablet: TestTablet;
beforeEach(async () => {
  ({ office, tablet } = await tabletAtOffice());
});

describe('sending', () => {
  it('takes a record from this tablet to the office in one round trip', async () => {
    const id = await register(tablet, 'Marsinah');
    expect((await readRecord(tablet, id))?.place).toBe('tablet');
    await sync(tablet);
    expect(office.requests).toHaveLength(1);
    expect((await readRecord(tablet, id))?.place).toBe('office');
    expect(tablet.status.get()).toMatchObject({ phase: 'idle', unsent: 0, trouble: null });
  });

  it('makes every frame durable before its first byte leaves, and never cuts it again', async () => {
    await register(tablet, 'Marsinah');
    office.failure = () => new ApiError('NETWORK', '', 0);
    await sync(tablet);
    const frames = await unconfirmedFrames(tablet.db);
    expect(frames).toHaveLength(1);
    expect(await uncutSaves(tablet.db)).toEqual([]);
    await register(tablet, 'Kusnadi');
    await sync(tablet);
    const sent = office.requests.flatMap((request) => request.frames);
    expect(sent.filter((bytes) => equal(bytes, frames[0]?.bytes))).toHaveLength(2);
    expect(await countUnconfirmed(tablet.db)).toBe(0);
  });

  it('asks first what arrived after a failure, and does not send that again', async () => {
    await register(tablet, 'Marsinah');
    office.cutAfter = 0;
    await sync(tablet);
    expect(tablet.status.get().trouble).toEqual({ kind: 'unreachable', code: 'NETWORK' });
    await sync(tablet);
    // The question asks for no changes, so that its answer is small; those are fetched after it.
    expect(office.requests.map(({ frames }) => frames.length)).toEqual([1, 0, 0]);
    expect(office.requests.map(({ hello }) => hello.pull === null)).toEqual([false, true, false]);
    expect(tablet.status.get()).toMatchObject({ unsent: 0, trouble: null });
  });

  it('cuts one frame of everything that was saved while there was no signal', async () => {
    await register(tablet, 'Marsinah');
    for (const name of ['Kusnadi', 'Rusdi', 'Sulastri']) {
      office.failure = () => new ApiError('NETWORK', '', 0);
      await sync(tablet);
      await register(tablet, name);
    }
    await sync(tablet);
    expect(office.frames.size).toBe(2);
    expect(await countUnconfirmed(tablet.db)).toBe(0);
  });

  it('keeps everything and says so when the sign-in has ended', async () => {
    const id = await register(tablet, 'Marsinah');
    office.failure = () => new ApiError('NOT_SIGNED_IN', 'Masuk dulu.', 401);
    await sync(tablet);
    expect(tablet.status.get()).toMatchObject({ unsent: 2, trouble: { kind: 'sign_in' } });
    expect((await readRecord(tablet, id))?.place).toBe('tablet');
    await sync(tablet);
    expect(tablet.status.get()).toMatchObject({ unsent: 0, trouble: null });
  });

  it('of a later start of the app names the session before it', async () => {
    await register(tablet, 'Marsinah');
    const restarted = await testTablet(office.post, tablet.db, office.core);
    await register(restarted, 'Kusnadi');
    await sync(restarted);
    const sessions = await tablet.db.getAllFromIndex('sessions', 'order');
    expect(sessions.map(({ order, confirmed }) => [order, confirmed])).toEqual([
      [1, 1],
      [2, 1],
    ]);
    expect(await countUnconfirmed(tablet.db)).toBe(0);
  });

  it('starts over when the office lost what it had confirmed', async () => {
    const id = await register(tablet, 'Marsinah');
    await sync(tablet);
    office.frames.clear();
    office.log = 'b2'.repeat(16);
    await sync(tablet);
    expect(office.frames.size).toBe(1);
    expect((await readRecord(tablet, id))?.place).toBe('office');
  });

  it('compares every chain with a restored office also when the first answer was cut', async () => {
    const id = await register(tablet, 'Marsinah');
    await sync(tablet);
    office.frames.clear();
    office.log = 'b2'.repeat(16);
    office.cutAfter = 1;
    await sync(tablet);
    expect((await readMeta(tablet.db, 'pulled'))?.log).toBe(office.log);
    await sync(tablet);
    expect(office.frames.size).toBe(1);
    expect((await readRecord(tablet, id))?.place).toBe('office');
  });

  it('says that a frame was refused, with its code, and keeps it', async () => {
    await register(tablet, 'Marsinah');
    office.stores = false;
    office.outgoing = [{ type: 'refused', session: '00'.repeat(16), number: 0, code: 'SIGNATURE' }];
    await sync(tablet);
    expect(tablet.status.get()).toMatchObject({
      unsent: 2,
      trouble: { kind: 'refused', code: 'SIGNATURE' },
    });
  });
});

describe('a session the office does not take', () => {
  /** Two starts of the app with something to send each; the first one's session is refused. */
  async function twoStarts(): Promise<{ second: TestTablet; refused: string }> {
    await register(tablet, 'Marsinah');
    office.failure = () => new ApiError('NETWORK', '', 0);
    await sync(tablet);
    const refused = (await tablet.db.getAll('sessions'))[0]?.session ?? '';
    office.refuses.add(refused);
    const second = await testTablet(office.post, tablet.db, office.core);
    await register(second, 'Kusnadi');
    return { second, refused };
  }

  it('does not hold up the sessions after it, even when its frames fill the body', async () => {
    const { second, refused } = await twoStarts();
    const [old] = await unconfirmedFrames(tablet.db);
    if (old === undefined) throw new Error('no frame');
    // A long day of work: more than the largest body takes.
    for (let number = 1; number <= 3; number += 1) {
      const bytes = new Uint8Array(200 * 1024).fill(number);
      await tablet.db.put('frames', { ...old, number, bytes, unconfirmed: [1, number] });
    }
    await sync(second);
    const left = await unconfirmedFrames(tablet.db);
    expect(new Set(left.map(({ session }) => session))).toEqual(new Set([refused]));
    expect(second.status.get().trouble).toEqual({ kind: 'refused', code: 'SIGNATURE' });
    await sync(second);
    expect(office.requests.at(-1)?.frames).toHaveLength(1);
  });

  it('is sent in full again once the office takes it', async () => {
    const { second, refused } = await twoStarts();
    await sync(second);
    office.refuses.delete(refused);
    await sync(second);
    expect(await countUnconfirmed(tablet.db)).toBe(0);
    expect(second.status.get().trouble).toBeNull();
  });

  it('is not written on in: the next save begins another one at once', async () => {
    await register(tablet, 'Marsinah');
    const [refused] = await tablet.db.getAll('sessions');
    office.refuses.add(refused?.session ?? '');
    office.refusal = 'frame_fork';
    await sync(tablet);
    const id = await register(tablet, 'Kusnadi');
    await sync(tablet);
    expect((await readRecord(tablet, id))?.place).toBe('office');
    const left = await unconfirmedFrames(tablet.db);
    expect(new Set(left.map(({ session }) => session))).toEqual(new Set([refused?.session]));
  });

  it('does not keep what the office has from coming in', async () => {
    const { second } = await twoStarts();
    office.more = [[page(await elsewhere(['Rusdi']), CURSORS)]];
    await sync(second);
    const { lines } = await listRecords(second, 'all', '');
    expect(lines.map(({ name }) => name)).toContain('Rusdi');
  });
});

function equal(one: Uint8Array, other: Uint8Array | undefined): boolean {
  return one.length === other?.length && one.every((byte, at) => byte === other[at]);
}
