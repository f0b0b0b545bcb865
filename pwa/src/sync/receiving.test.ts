import { beforeEach, describe, expect, it } from 'vitest';
import { chooseValue, editDocument, setStatus } from '../actions/field/edit-record';
import { issueTicket } from '../actions/field/issue-ticket';
import { listRecords } from '../actions/field/records';
import { readRecord } from '../actions/field/read-record';
import { waitingVisits } from '../actions/field/visits';
import type { Cursor } from '../core/exchange';
import { readMeta } from '../db/meta';
import { countUnconfirmed } from '../db/outbox';
import { CURSORS, elsewhere, register, sync, tabletAtOffice } from '../testing/exchange';
import { changesOf, page, type TestOffice } from '../testing/office';
import type { TestTablet } from '../testing/tablet';

let office: TestOffice;
let tablet: TestTablet;
beforeEach(async () => {
  ({ office, tablet } = await tabletAtOffice());
});

describe('receiving', () => {
  it('stores changes, rows and cursors, and shows the records of others as at the office', async () => {
    const changes = await elsewhere(['Rusdi']);
    office.outgoing = [page(changes, CURSORS)];
    await sync(tablet);
    const { lines } = await listRecords(tablet, 'all', '');
    expect(lines).toMatchObject([{ name: 'Rusdi', place: 'office' }]);
    expect(await readMeta(tablet.db, 'pulled')).toEqual({ log: office.log, cursors: CURSORS });
    await sync(tablet);
    const asked = office.requests.at(-1)?.hello.pull;
    expect(asked?.cursors).toContainEqual(CURSORS[0]);
    expect(asked?.cursors.flatMap(({ scopes }) => scopes).sort()).toEqual(
      [...tablet.day.scopes].sort(),
    );
  });

  it('keeps what came before a cut, and takes the rest later', async () => {
    const [first, ...rest] = [await elsewhere(['Rusdi']), await elsewhere(['Kusnadi'])];
    const later = [{ ...CURSORS[0], position: 9 }] as Cursor[];
    office.outgoing = [
      page(first, CURSORS),
      page(rest.flat(), later),
    ];
    office.cutAfter = 3;
    await sync(tablet);
    expect(tablet.status.get().trouble?.kind).toBe('unreachable');
    expect((await listRecords(tablet, 'all', '')).lines.map(({ name }) => name)).toEqual(['Rusdi']);
    expect((await readMeta(tablet.db, 'pulled'))?.cursors).toEqual(CURSORS);
    await sync(tablet);
    expect((await listRecords(tablet, 'all', '')).total).toBe(2);
  });

  it('changes nothing when the same changes come twice', async () => {
    const changes = await elsewhere(['Rusdi']);
    for (let time = 0; time < 2; time += 1) {
      office.outgoing = [page(changes, CURSORS)];
      await sync(tablet);
    }
    expect(await changesOf(tablet.db)).toHaveLength(changes.length);
  });

  it('keeps a change it cannot read apart, and everything else comes through', async () => {
    const changes = await elsewhere(['Rusdi', 'Kusnadi']);
    const [poison] = changes;
    const flipped = poison?.change.slice() ?? new Uint8Array();
    flipped[20] = (flipped[20] ?? 0) ^ 1;
    const bad = { document: 'ee'.repeat(16), kind: 'resident', counter: null } as const;
    const broken = { ...bad, hash: 'ff'.repeat(32), change: flipped, time: 0, scopes: [] };
    office.outgoing = [page([broken, ...changes], CURSORS)];
    await sync(tablet);
    expect((await listRecords(tablet, 'all', '')).total).toBe(2);
    expect(tablet.status.get()).toMatchObject({ held: 1, trouble: null });
    expect(await tablet.db.getAll('refused')).toMatchObject([{ hash: broken.hash }]);
  });

  it('shows what the office holds back, until it is accepted', async () => {
    const id = await register(tablet, 'Marsinah');
    const hash = (await tablet.db.get('documents', id))?.hashes[0] ?? '';
    office.outgoing = [{ type: 'notice', document: id, hash, code: 'SCOPE_NOT_GRANTED' }];
    await sync(tablet);
    expect(await readRecord(tablet, id)).toMatchObject({ place: 'held', held: ['SCOPE_NOT_GRANTED'] });
    office.outgoing = [{ type: 'notice', document: id, hash, code: '' }];
    await sync(tablet);
    expect((await readRecord(tablet, id))?.place).toBe('office');
  });

  it('takes a record for accepted that a whole answer no longer lists as held back', async () => {
    const id = await register(tablet, 'Marsinah');
    const hash = (await tablet.db.get('documents', id))?.hashes[0] ?? '';
    office.outgoing = [{ type: 'notice', document: id, hash, code: 'SCOPE_NOT_GRANTED' }];
    await sync(tablet);
    office.cutAfter = 2;
    await sync(tablet);
    expect(await readRecord(tablet, id)).toMatchObject({ place: 'held' });
    await sync(tablet);
    expect((await readRecord(tablet, id))?.place).toBe('office');
    expect(tablet.status.get().held).toBe(0);
  });

  it('shows both values that two tablets typed into one field, until a person chooses', async () => {
    const id = await register(tablet, 'Marsinah');
    const { office: colleague, tablet: other } = await tabletAtOffice();
    colleague.outgoing = [page(await changesOf(tablet.db), CURSORS)];
    await sync(other);
    await editDocument(other, id, 'application', { 'applicant.name': 'Marsiyem' });
    await editDocument(tablet, id, 'application', { 'applicant.name': 'Marsinem' });
    office.outgoing = [page(await changesOf(other.db), CURSORS)];
    await sync(tablet);
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
    const { office: colleague, tablet: other } = await tabletAtOffice();
    colleague.outgoing = [page(await changesOf(tablet.db), CURSORS)];
    await sync(other);
    await setStatus(other, id, 'rejected', 'Berkas tidak sah', heads);
    await setStatus(tablet, id, 'ready', '', heads);
    office.outgoing = [page(await changesOf(other.db), CURSORS)];
    await sync(tablet);
    const status = (await readRecord(tablet, id))?.application.status;
    expect(status).toMatchObject({ conflict: true });
    expect(status?.heads).toHaveLength(2);
    expect((await listRecords(tablet, 'conflict', '')).total).toBe(1);
  });

  it('does not lose a save made while changes come in', async () => {
    const changes = await elsewhere(['Rusdi', 'Kusnadi']);
    office.outgoing = [page(changes, CURSORS)];
    await Promise.all([tablet.loop.now(), register(tablet, 'Marsinah'), issueTicket(tablet, {})]);
    await sync(tablet);
    expect((await listRecords(tablet, 'all', '')).total).toBe(3);
    expect(await waitingVisits(tablet)).toHaveLength(1);
    expect(await countUnconfirmed(tablet.db)).toBe(0);
  });
});
