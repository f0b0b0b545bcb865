import { beforeEach, describe, expect, it } from 'vitest';
import { chooseValue, editDocument, setStatus } from '../actions/field/edit-record';
import { issueTicket } from '../actions/field/issue-ticket';
import { listRecords } from '../actions/field/records';
import { readRecord } from '../actions/field/read-record';
import { registerApplication } from '../actions/field/register-application';
import { waitingVisits } from '../actions/field/visits';
import { ApiError } from '../api/client';
import { readMeta } from '../db/meta';
import { countUnconfirmed, unconfirmedFrames, uncutSaves } from '../db/outbox';
import type { Database } from '../db/open';
import { emptyForm, personForm } from '../form/application-form';
import type { Standard } from '../lib/views';
import { testCore } from '../core/testing';
import { changesOf, TestOffice } from '../testing/office';
import { testTablet, type TestTablet } from '../testing/tablet';

const STANDARD: Standard = {
  service: 'DINKES-02',
  version: 1,
  name: 'Pemeriksaan',
  requirements: [],
  duration: '15 menit',
  fee: 'Rp0',
  product: 'Obat',
  offline: 'full',
  valid_from: '2026-01-01',
  fields: [],
};

let office: TestOffice;
let tablet: TestTablet;
beforeEach(async () => {
  office = new TestOffice(await testCore());
  tablet = await testTablet(office.post, undefined, office.core);
  office.watches(tablet.db);
});

async function register(on: TestTablet, name: string): Promise<string> {
  const { visit, ticket } = await issueTicket(on, {});
  const form = emptyForm(visit, ticket);
  form.applicant = personForm({
    no_nik_reason: 'belum_punya',
    name,
    village: '16.04.12.2025',
  });
  const answer = await registerApplication(on, form, STANDARD, visit);
  if (!answer.ok) throw new Error(answer.reason);
  return answer.application;
}

const cursors = [{ position: 7, rolling: '0102030405060708', scopes: ['everyone'] }];

/** What another tablet of the same day wrote. */
async function elsewhere(names: readonly string[]): Promise<Awaited<ReturnType<typeof changesOf>>> {
  const other = await testTablet();
  for (const name of names) await register(other, name);
  return changesOf(other.db);
}

describe('sending', () => {
  it('takes a record from this tablet to the office in one round trip', async () => {
    const id = await register(tablet, 'Marsinah');
    expect((await readRecord(tablet, id))?.place).toBe('tablet');
    await tablet.loop.now();
    tablet.loop.stop();
    expect(office.requests).toHaveLength(1);
    expect((await readRecord(tablet, id))?.place).toBe('office');
    expect(tablet.status.get()).toMatchObject({ phase: 'idle', unsent: 0, trouble: null });
  });

  it('makes every frame durable before its first byte leaves, and never cuts it again', async () => {
    await register(tablet, 'Marsinah');
    office.failure = () => new ApiError('NETWORK', '', 0);
    await tablet.loop.now();
    tablet.loop.stop();
    const frames = await unconfirmedFrames(tablet.db);
    expect(frames).toHaveLength(1);
    expect(await uncutSaves(tablet.db)).toEqual([]);
    await register(tablet, 'Kusnadi');
    await tablet.loop.now();
    tablet.loop.stop();
    const sent = office.requests.flatMap((request) => request.frames);
    expect(sent.filter((bytes) => equal(bytes, frames[0]?.bytes))).toHaveLength(2);
    expect(await countUnconfirmed(tablet.db)).toBe(0);
  });

  it('asks first what arrived after a failure, and does not send that again', async () => {
    await register(tablet, 'Marsinah');
    office.cutAfter = 0;
    await tablet.loop.now();
    tablet.loop.stop();
    expect(tablet.status.get().trouble).toEqual({ kind: 'unreachable', code: 'NETWORK' });
    await tablet.loop.now();
    tablet.loop.stop();
    // The question asks for no changes, so that its answer is small; those are fetched after it.
    expect(office.requests.map(({ frames }) => frames.length)).toEqual([1, 0, 0]);
    expect(office.requests.map(({ hello }) => hello.pull === null)).toEqual([false, true, false]);
    expect(tablet.status.get()).toMatchObject({ unsent: 0, trouble: null });
  });

  it('cuts one frame of everything that was saved while there was no signal', async () => {
    await register(tablet, 'Marsinah');
    for (const name of ['Kusnadi', 'Rusdi', 'Sulastri']) {
      office.failure = () => new ApiError('NETWORK', '', 0);
      await tablet.loop.now();
      tablet.loop.stop();
      await register(tablet, name);
    }
    await tablet.loop.now();
    tablet.loop.stop();
    expect(office.frames.size).toBe(2);
    expect(await countUnconfirmed(tablet.db)).toBe(0);
  });

  it('keeps everything and says so when the sign-in has ended', async () => {
    const id = await register(tablet, 'Marsinah');
    office.failure = () => new ApiError('NOT_SIGNED_IN', 'Masuk dulu.', 401);
    await tablet.loop.now();
    tablet.loop.stop();
    expect(tablet.status.get()).toMatchObject({ unsent: 2, trouble: { kind: 'sign_in' } });
    expect((await readRecord(tablet, id))?.place).toBe('tablet');
    await tablet.loop.now();
    tablet.loop.stop();
    expect(tablet.status.get()).toMatchObject({ unsent: 0, trouble: null });
  });

  it('of a later start of the app names the session before it', async () => {
    await register(tablet, 'Marsinah');
    const restarted = await testTablet(office.post, tablet.db, office.core);
    await register(restarted, 'Kusnadi');
    await restarted.loop.now();
    restarted.loop.stop();
    const sessions = await tablet.db.getAllFromIndex('sessions', 'order');
    expect(sessions.map(({ order, confirmed }) => [order, confirmed])).toEqual([
      [1, 1],
      [2, 1],
    ]);
    expect(await countUnconfirmed(tablet.db)).toBe(0);
  });

  it('starts over when the office lost what it had confirmed', async () => {
    const id = await register(tablet, 'Marsinah');
    await tablet.loop.now();
    tablet.loop.stop();
    office.frames.clear();
    office.log = 'b2'.repeat(16);
    await tablet.loop.now();
    tablet.loop.stop();
    expect(office.frames.size).toBe(1);
    expect((await readRecord(tablet, id))?.place).toBe('office');
  });

  it('compares every chain with a restored office also when the first answer was cut', async () => {
    const id = await register(tablet, 'Marsinah');
    await tablet.loop.now();
    tablet.loop.stop();
    office.frames.clear();
    office.log = 'b2'.repeat(16);
    office.cutAfter = 1;
    await tablet.loop.now();
    tablet.loop.stop();
    expect((await pulled(tablet.db))?.log).toBe(office.log);
    await tablet.loop.now();
    tablet.loop.stop();
    expect(office.frames.size).toBe(1);
    expect((await readRecord(tablet, id))?.place).toBe('office');
  });

  it('says that a frame was refused, with its code, and keeps it', async () => {
    await register(tablet, 'Marsinah');
    office.stores = false;
    office.outgoing = [{ type: 'refused', session: '00'.repeat(16), number: 0, code: 'SIGNATURE' }];
    await tablet.loop.now();
    tablet.loop.stop();
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
    await tablet.loop.now();
    tablet.loop.stop();
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
    await second.loop.now();
    second.loop.stop();
    const left = await unconfirmedFrames(tablet.db);
    expect(new Set(left.map(({ session }) => session))).toEqual(new Set([refused]));
    expect(second.status.get().trouble).toEqual({ kind: 'refused', code: 'SIGNATURE' });
    await second.loop.now();
    second.loop.stop();
    expect(office.requests.at(-1)?.frames).toHaveLength(1);
  });

  it('is sent in full again once the office takes it', async () => {
    const { second, refused } = await twoStarts();
    await second.loop.now();
    second.loop.stop();
    office.refuses.delete(refused);
    await second.loop.now();
    second.loop.stop();
    expect(await countUnconfirmed(tablet.db)).toBe(0);
    expect(second.status.get().trouble).toBeNull();
  });

  it('is not written on in: the next save begins another one at once', async () => {
    await register(tablet, 'Marsinah');
    const [refused] = await tablet.db.getAll('sessions');
    office.refuses.add(refused?.session ?? '');
    office.refusal = 'frame_fork';
    await tablet.loop.now();
    tablet.loop.stop();
    const id = await register(tablet, 'Kusnadi');
    await tablet.loop.now();
    tablet.loop.stop();
    expect((await readRecord(tablet, id))?.place).toBe('office');
    const left = await unconfirmedFrames(tablet.db);
    expect(new Set(left.map(({ session }) => session))).toEqual(new Set([refused?.session]));
  });

  it('does not keep what the office has from coming in', async () => {
    const { second } = await twoStarts();
    office.more = [[{ type: 'changes', changes: await elsewhere(['Rusdi']), cursors }]];
    await second.loop.now();
    second.loop.stop();
    const { lines } = await listRecords(second, 'all', '');
    expect(lines.map(({ name }) => name)).toContain('Rusdi');
  });
});

describe('receiving', () => {
  it('stores changes, rows and cursors, and shows the records of others as at the office', async () => {
    const changes = await elsewhere(['Rusdi']);
    office.outgoing = [{ type: 'changes', changes, cursors }];
    await tablet.loop.now();
    tablet.loop.stop();
    const { lines } = await listRecords(tablet, 'all', '');
    expect(lines).toMatchObject([{ name: 'Rusdi', place: 'office' }]);
    expect(await pulled(tablet.db)).toEqual({ log: office.log, cursors });
    await tablet.loop.now();
    tablet.loop.stop();
    const asked = office.requests.at(-1)?.hello.pull;
    expect(asked?.cursors).toContainEqual(cursors[0]);
    expect(asked?.cursors.flatMap(({ scopes }) => scopes).sort()).toEqual(
      [...tablet.day.scopes].sort(),
    );
  });

  it('keeps what came before a cut, and takes the rest later', async () => {
    const [first, ...rest] = [await elsewhere(['Rusdi']), await elsewhere(['Kusnadi'])];
    const later = [{ ...cursors[0], position: 9 }] as typeof cursors;
    office.outgoing = [
      { type: 'changes', changes: first, cursors },
      { type: 'changes', changes: rest.flat(), cursors: later },
    ];
    office.cutAfter = 3;
    await tablet.loop.now();
    tablet.loop.stop();
    expect(tablet.status.get().trouble?.kind).toBe('unreachable');
    expect((await listRecords(tablet, 'all', '')).lines.map(({ name }) => name)).toEqual(['Rusdi']);
    expect((await pulled(tablet.db))?.cursors).toEqual(cursors);
    await tablet.loop.now();
    tablet.loop.stop();
    expect((await listRecords(tablet, 'all', '')).total).toBe(2);
  });

  it('changes nothing when the same changes come twice', async () => {
    const changes = await elsewhere(['Rusdi']);
    for (let time = 0; time < 2; time += 1) {
      office.outgoing = [{ type: 'changes', changes, cursors }];
      await tablet.loop.now();
      tablet.loop.stop();
    }
    expect(await changesOf(tablet.db)).toHaveLength(changes.length);
  });

  it('keeps a change it cannot read apart, and everything else comes through', async () => {
    const changes = await elsewhere(['Rusdi', 'Kusnadi']);
    const [poison] = changes;
    const flipped = poison?.change.slice() ?? new Uint8Array();
    flipped[20] = (flipped[20] ?? 0) ^ 1;
    const bad = { document: 'ee'.repeat(16), kind: 'resident', counter: null } as const;
    const broken = { ...bad, hash: 'ff'.repeat(32), change: flipped };
    office.outgoing = [{ type: 'changes', changes: [broken, ...changes], cursors }];
    await tablet.loop.now();
    tablet.loop.stop();
    expect((await listRecords(tablet, 'all', '')).total).toBe(2);
    expect(tablet.status.get()).toMatchObject({ held: 1, trouble: null });
    expect(await tablet.db.getAll('refused')).toMatchObject([{ hash: broken.hash }]);
  });

  it('shows what the office holds back, until it is accepted', async () => {
    const id = await register(tablet, 'Marsinah');
    const hash = (await tablet.db.get('documents', id))?.hashes[0] ?? '';
    office.outgoing = [{ type: 'notice', document: id, hash, code: 'SCOPE_NOT_GRANTED' }];
    await tablet.loop.now();
    tablet.loop.stop();
    expect(await readRecord(tablet, id)).toMatchObject({ place: 'held', held: ['SCOPE_NOT_GRANTED'] });
    office.outgoing = [{ type: 'notice', document: id, hash, code: '' }];
    await tablet.loop.now();
    tablet.loop.stop();
    expect((await readRecord(tablet, id))?.place).toBe('office');
  });

  it('takes a record for accepted that a whole answer no longer lists as held back', async () => {
    const id = await register(tablet, 'Marsinah');
    const hash = (await tablet.db.get('documents', id))?.hashes[0] ?? '';
    office.outgoing = [{ type: 'notice', document: id, hash, code: 'SCOPE_NOT_GRANTED' }];
    await tablet.loop.now();
    tablet.loop.stop();
    office.cutAfter = 2;
    await tablet.loop.now();
    tablet.loop.stop();
    expect(await readRecord(tablet, id)).toMatchObject({ place: 'held' });
    await tablet.loop.now();
    tablet.loop.stop();
    expect((await readRecord(tablet, id))?.place).toBe('office');
    expect(tablet.status.get().held).toBe(0);
  });

  it('shows both values that two tablets typed into one field, until a person chooses', async () => {
    const id = await register(tablet, 'Marsinah');
    const colleague = new TestOffice(await testCore());
    const other = await testTablet(colleague.post, undefined, colleague.core);
    colleague.outgoing = [{ type: 'changes', changes: await changesOf(tablet.db), cursors }];
    await other.loop.now();
    other.loop.stop();
    await editDocument(other, id, 'application', { 'applicant.name': 'Marsiyem' });
    await editDocument(tablet, id, 'application', { 'applicant.name': 'Marsinem' });
    office.outgoing = [{ type: 'changes', changes: await changesOf(other.db), cursors }];
    await tablet.loop.now();
    tablet.loop.stop();
    const [conflict] = (await readRecord(tablet, id))?.application.conflicts ?? [];
    expect(conflict?.values.map(({ value }) => value).sort()).toEqual(['Marsinem', 'Marsiyem']);
    expect((await listRecords(tablet, 'conflict', '')).total).toBe(1);
    await chooseValue(tablet, id, 'applicant.name', 'Marsiyem');
    const chosen = await readRecord(tablet, id);
    expect(chosen?.application).toMatchObject({ conflicts: [], applicant: { name: 'Marsiyem' } });
  });

  it('shows statuses that exclude each other as a conflict, with both events', async () => {
    const id = await register(tablet, 'Marsinah');
    const heads = (await readRecord(tablet, id))?.application.status.heads ?? [];
    const colleague = new TestOffice(await testCore());
    const other = await testTablet(colleague.post, undefined, colleague.core);
    colleague.outgoing = [{ type: 'changes', changes: await changesOf(tablet.db), cursors }];
    await other.loop.now();
    other.loop.stop();
    await setStatus(other, id, 'rejected', 'Berkas tidak sah', heads);
    await setStatus(tablet, id, 'ready', '', heads);
    office.outgoing = [{ type: 'changes', changes: await changesOf(other.db), cursors }];
    await tablet.loop.now();
    tablet.loop.stop();
    const status = (await readRecord(tablet, id))?.application.status;
    expect(status).toMatchObject({ conflict: true });
    expect(status?.heads).toHaveLength(2);
    expect((await listRecords(tablet, 'conflict', '')).total).toBe(1);
  });

  it('does not lose a save made while changes come in', async () => {
    const changes = await elsewhere(['Rusdi', 'Kusnadi']);
    office.outgoing = [{ type: 'changes', changes, cursors }];
    await Promise.all([tablet.loop.now(), register(tablet, 'Marsinah'), issueTicket(tablet, {})]);
    await tablet.loop.now();
    tablet.loop.stop();
    expect((await listRecords(tablet, 'all', '')).total).toBe(3);
    expect(await waitingVisits(tablet)).toHaveLength(1);
    expect(await countUnconfirmed(tablet.db)).toBe(0);
  });
});

function pulled(db: Database): ReturnType<typeof readMeta<'pulled'>> {
  return readMeta(db, 'pulled');
}

function equal(one: Uint8Array, other: Uint8Array | undefined): boolean {
  return one.length === other?.length && one.every((byte, at) => byte === other[at]);
}
