import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DraftKeeper, type Kept } from '../actions/field/drafts';
import { editDocument } from '../actions/field/edit-record';
import { issueTicket } from '../actions/field/issue-ticket';
import { listRecords } from '../actions/field/records';
import { registerApplication } from '../actions/field/register-application';
import type { ReceivedChange } from '../core/exchange';
import { testCore } from '../core/testing';
import { allBatches } from '../db/batches';
import { writeDraft } from '../db/drafts';
import { readSums } from '../db/listed';
import { readMeta } from '../db/meta';
import { uncutSaves } from '../db/outbox';
import { RecordErased } from '../db/refuse-erased';
import type { StoredDocument, StoreName } from '../db/schema';
import { erasingOffice, forged, type Erase, type ErasingOffice } from '../testing/erasing';
import { CURSORS, elsewhere, register, sync, tabletAtOffice } from '../testing/exchange';
import { TestLog } from '../testing/log';
import { changesOf, page, type TestOffice } from '../testing/office';
import { STANDARD } from '../testing/standard';
import type { TestTablet } from '../testing/tablet';
import { emptyForm, personForm } from '../form/application-form';
import { OfferQueue } from './give-back';

let office: TestOffice;
let tablet: TestTablet;
let log: TestLog;
let erase: Erase;
let rotate: ErasingOffice['rotate'];
/** What was asked beside the exchange, and whether it is answered. */
let asked: string[];
let answers: boolean;
beforeEach(async () => {
  ({ office, tablet } = await tabletAtOffice());
  const erasing = await erasingOffice(office, tablet);
  ({ erase, rotate } = erasing);
  [asked, answers] = [[], true];
  vi.stubGlobal('fetch', (path: string) => {
    asked.push(path);
    return answers ? Promise.resolve(Response.json(erasing.identity())) : Promise.reject(new TypeError('no link'));
  });
  log = new TestLog(await testCore(), CURSORS);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Takes in what a colleague wrote, as the office lists it. */
async function received(...names: string[]): Promise<void> {
  log.changes = await elsewhere(names);
  office.outgoing = [page(log.changes, CURSORS)];
  office.says = log.says;
  await sync(tablet);
}

/** Everything of one person: the resident, the visit and the application. */
async function recordsOf(name: string): Promise<StoredDocument[]> {
  const rows = await tablet.db.getAll('rows');
  const own = rows.filter((row) => row.name === name);
  const ids = new Set(own.flatMap(({ id, visit }) => [id, visit ?? id]));
  return (await tablet.db.getAll('documents')).filter(({ id }) => ids.has(id));
}

/** The office erases; the tablet meets it. */
async function erased(documents: readonly StoredDocument[]): Promise<void> {
  const gone = new Set(documents.map(({ id }) => id));
  log.changes = log.changes.filter(({ document }) => !gone.has(document));
  office.outgoing = await erase(...documents);
  office.says = log.says;
  await sync(tablet);
}

/** The stores that have this text anywhere, bytes included. */
async function storesWith(text: string): Promise<StoreName[]> {
  const found: StoreName[] = [];
  for (const name of tablet.db.objectStoreNames) {
    const all = JSON.stringify(await tablet.db.getAll(name), (_key, value: unknown) =>
      value instanceof Uint8Array ? new TextDecoder('latin1').decode(value) : value,
    );
    if (all.includes(text)) found.push(name);
  }
  return found;
}

describe('what the office erased', () => {
  it('is gone from the tablet, and both sides hold the same', async () => {
    await received('Rusdi', 'Kusnadi');
    const gone = await recordsOf('Rusdi');
    expect(gone.map(({ kind }) => kind).sort()).toEqual(['application', 'resident', 'visit']);
    const visit = gone.find(({ kind }) => kind === 'visit')?.id ?? '';
    const form = { ...emptyForm(visit, 'A-001'), notes: 'Rusdi' };
    await writeDraft(tablet.db, { id: 'd1', day: tablet.day.day.id, updated_at: 1, form });
    expect(await storesWith('Rusdi')).toEqual(expect.arrayContaining(['documents', 'rows', 'drafts']));
    await erased(gone);
    expect(await storesWith('Rusdi')).toEqual([]);
    expect((await listRecords(tablet, 'all', '')).lines.map(({ name }) => name)).toEqual(['Kusnadi']);
    expect((await readSums(tablet.db, office.log))?.sums).toMatchObject([{ count: log.changes.length }]);
    expect(await tablet.db.count('listed')).toBe(log.changes.length);
    expect(await tablet.db.getAll('tombstones')).toMatchObject(gone.map(() => ({ by: 'sari', at: 9 })));
    expect(tablet.status.get()).toMatchObject({ trouble: null, held: 0 });
    const requests = office.requests.length;
    await sync(tablet);
    expect(office.requests).toHaveLength(requests + 1);
  });

  it('is not brought back by a node that has not heard of it, with which nothing differs either', async () => {
    await received('Rusdi', 'Kusnadi');
    const all = log.changes;
    await erased(await recordsOf('Rusdi'));
    office.log = 'c3'.repeat(16);
    log.changes = all;
    office.outgoing = [page(all, CURSORS)];
    await sync(tablet);
    expect(await storesWith('Rusdi')).toEqual([]);
    expect((await readSums(tablet.db, office.log))?.sums).toMatchObject([{ count: all.length }]);
    expect(tablet.status.get().trouble).toBeNull();
  });

  it('counts out of the list of each node when that one says so', async () => {
    await received('Rusdi');
    const [all, gone] = [log.changes, await recordsOf('Rusdi')];
    await erased(gone);
    office.log = 'c3'.repeat(16);
    log.changes = all;
    office.outgoing = [page(all, CURSORS)];
    await sync(tablet);
    await erased(gone);
    expect((await readSums(tablet.db, office.log))?.sums).toMatchObject([{ count: log.changes.length }]);
    expect(tablet.status.get().trouble).toBeNull();
  });

  it('is believed from the office only', async () => {
    await received('Rusdi');
    const [first] = await recordsOf('Rusdi');
    office.outgoing = first === undefined ? [] : [await forged(first)];
    await sync(tablet);
    expect(await recordsOf('Rusdi')).toHaveLength(3);
    expect(await tablet.db.count('tombstones')).toBe(0);
    // Nobody knows that signer: it is asked about once, and holds up nothing.
    expect(tablet.status.get().trouble).toBeNull();
    const requests = asked.length;
    await sync(tablet);
    expect(asked).toHaveLength(requests);
  });

  it('is believed from the new key of the office, whose certificate is asked for first', async () => {
    await received('Rusdi', 'Kusnadi');
    const gone = await recordsOf('Rusdi');
    await rotate();
    await erased(gone);
    expect(await storesWith('Rusdi')).toEqual([]);
    expect(tablet.status.get()).toMatchObject({ trouble: null });
    expect(await readMeta(tablet.db, 'offices')).toHaveLength(1);
    // What the old key signed is believed as before, and the new one needs no asking any more.
    const requests = asked.length;
    await erased(await recordsOf('Kusnadi'));
    expect(await storesWith('Kusnadi')).toEqual([]);
    expect(asked).toHaveLength(requests);
  });

  it('waits for the certificate when the link breaks before it comes', async () => {
    await received('Rusdi');
    const gone = await recordsOf('Rusdi');
    await rotate();
    answers = false;
    await erased(gone);
    expect(tablet.status.get().trouble).not.toBeNull();
    expect(await recordsOf('Rusdi')).toHaveLength(3);
    answers = true;
    await erased(gone);
    expect(await storesWith('Rusdi')).toEqual([]);
  });
});

describe('a form that was open when the office erased the person', () => {
  it('is kept no more and cannot be saved', async () => {
    await received('Rusdi');
    const gone = await recordsOf('Rusdi');
    const resident = gone.find(({ kind }) => kind === 'resident')?.id ?? '';
    const { visit, ticket } = await issueTicket(tablet, {});
    const applicant = personForm({ name: 'Rusdi', no_nik_reason: 'belum_punya', village: '16.04.12.2025' });
    const form = { ...emptyForm(visit, ticket), resident, applicant };
    const heard: Kept[] = [];
    const keeper = new DraftKeeper(tablet, visit, (kept) => heard.push(kept));
    const typed = async (): Promise<void> => {
      keeper.keep(form);
      await keeper.flush();
    };
    await typed();
    await erased(gone);
    await typed();
    expect(heard).toEqual(['kept', 'erased']);
    expect(await registerApplication(tablet, form, STANDARD, visit)).toMatchObject({ ok: false, reason: 'erased' });
    expect(await storesWith('Rusdi')).toEqual([]);
  });
});

describe("of this tablet's own work", () => {
  it('that was erased the names stay in its frames, and go to an office that lost them', async () => {
    await register(tablet, 'Marsinah');
    await sync(tablet);
    const before = await tablet.db.getAll('frames');
    await erased(await recordsOf('Marsinah'));
    expect(await storesWith('Marsinah')).toEqual([]);
    const after = await tablet.db.getAll('frames');
    expect(after.map(({ hash }) => hash)).toEqual(before.map(({ hash }) => hash));
    expect(after[0]?.bytes.length).toBeLessThan(before[0]?.bytes.length ?? 0);
    office.frames.clear();
    tablet.loop.compareAll();
    await sync(tablet);
    expect(office.requests.flatMap(({ frames }) => frames)).toContainEqual(after[0]?.bytes);
    expect(tablet.status.get()).toMatchObject({ unsent: 0, trouble: null });
  });

  it('what was saved while the tombstone came is sent by name only, and nothing more can be saved of it', async () => {
    const id = await register(tablet, 'Marsinah');
    await sync(tablet);
    const gone = await recordsOf('Marsinah');
    office.says = async () => {
      // Between the request and its answer.
      await editDocument(tablet, id, 'application', { notes: 'Marsinah datang lagi' });
      office.says = () => [];
      return erase(...gone);
    };
    await sync(tablet);
    expect(await storesWith('Marsinah')).toEqual([]);
    expect(await uncutSaves(tablet.db)).toHaveLength(1);
    await sync(tablet);
    expect(await uncutSaves(tablet.db)).toEqual([]);
    expect(tablet.status.get()).toMatchObject({ unsent: 0, trouble: null });
    await expect(editDocument(tablet, id, 'application', { notes: 'Masih ada' })).rejects.toThrow(RecordErased);
    expect(await tablet.db.get('documents', id)).toBeUndefined();
  });

  it('a notice that it is erased is no work for anybody', async () => {
    const document = await register(tablet, 'Marsinah');
    const hash = (await tablet.db.get('documents', document))?.hashes[0] ?? '';
    office.outgoing = [
      { type: 'notice', document, hash, code: 'erased' },
      ...(await erase(...(await recordsOf('Marsinah')))),
    ];
    await sync(tablet);
    expect(tablet.status.get()).toMatchObject({ held: 0, trouble: null });
  });
});

describe('a kept batch', () => {
  it('is given back with names in place of what was erased, or not at all when nothing else is in it', async () => {
    await received('Rusdi', 'Kusnadi');
    const gone = await recordsOf('Rusdi');
    const erasedIds = new Set(gone.map(({ id }) => id));
    const listed = (await changesOf(tablet.db)).map(({ change: _bytes, time: _time, ...entry }) => entry);
    const batch = (id: number, entries: Omit<ReceivedChange, 'change' | 'time'>[]): Promise<number> =>
      tablet.db.put('batches', {
        id,
        log: office.log,
        node: office.node,
        signature: new Uint8Array(64),
        place: { log: office.log, position: 7 },
        entries,
      });
    await batch(1, listed);
    await batch(2, listed.filter(({ document }) => erasedIds.has(document)));
    await erased(gone);
    expect((await allBatches(tablet.db)).map(({ id }) => id)).toEqual([1]);
    const queue = new OfferQueue();
    queue.add(await allBatches(tablet.db));
    const [offer] = await queue.next(tablet.db);
    expect(offer?.entries.map(({ hash }) => hash)).toEqual(listed.map(({ hash }) => hash));
    for (const { document, change } of offer?.entries ?? []) {
      expect(change === undefined).toBe(erasedIds.has(document));
    }
    const hello = { device: 'ab'.repeat(16), day: tablet.day.day.id, chains: [], pull: null };
    await tablet.core.call('request_encode', { hello, frames: [], offers: offer === undefined ? [] : [offer] });
  });
});
