import { beforeEach, describe, expect, it } from 'vitest';
import { listRecords } from '../actions/field/records';
import { testCore } from '../core/testing';
import { readSums } from '../db/listed';
import { CURSORS, elsewhere, register, sync, tabletAtOffice } from '../testing/exchange';
import { TestLog } from '../testing/log';
import { changesOf, page, type TestOffice } from '../testing/office';
import { testTablet, type TestTablet } from '../testing/tablet';

let office: TestOffice;
let tablet: TestTablet;
let log: TestLog;
beforeEach(async () => {
  ({ office, tablet } = await tabletAtOffice());
  log = new TestLog(await testCore(), CURSORS);
});

/** Takes in what a colleague wrote, as the office lists it. */
async function received(...names: string[]): Promise<void> {
  log.changes = await elsewhere(names);
  office.outgoing = [page(log.changes, CURSORS)];
  office.says = log.says;
  await sync(tablet);
}

/** The app is closed and opened again. */
function restarted(): Promise<TestTablet> {
  return testTablet(office.post, tablet.db, office.core);
}

describe('what is listed', () => {
  it('is summed up with the page that lists it, and agrees with the office at no cost', async () => {
    await received('Rusdi', 'Kusnadi');
    const sums = await readSums(tablet.db, office.log);
    expect(sums?.sums).toMatchObject([{ scope: 'everyone', count: log.changes.length }]);
    expect(await tablet.db.count('listed')).toBe(log.changes.length);
    expect(tablet.status.get().trouble).toBeNull();
    const requests = office.requests.length;
    await sync(tablet);
    expect(office.requests).toHaveLength(requests + 1);
    expect((await readSums(tablet.db, office.log))?.sums).toEqual(sums?.sums);
  });

  it('counts once what comes twice', async () => {
    await received('Rusdi');
    office.outgoing = [page([...log.changes, ...log.changes], CURSORS)];
    await sync(tablet);
    expect((await readSums(tablet.db, office.log))?.sums).toMatchObject([{ count: log.changes.length }]);
  });

  it('has own changes in it when the office names them, and not when their document is gone', async () => {
    await register(tablet, 'Marsinah');
    const own = await changesOf(tablet.db);
    const lost = own.find(({ kind }) => kind === 'resident');
    const named = (): void => {
      const scopes = ['everyone'];
      const yours = own.map((_, index) => ({ chain: 0, frame: 0, index, scopes }));
      office.outgoing = [page([], CURSORS, { yours })];
    };
    named();
    await sync(tablet);
    expect(await tablet.db.count('listed')).toBe(own.length);
    await tablet.db.clear('listed');
    await tablet.db.clear('sums');
    await tablet.db.delete('documents', lost?.document ?? '');
    named();
    const again = await restarted();
    await sync(again);
    expect(await tablet.db.count('listed')).toBe(own.length - 1);
  });
});

describe('a difference', () => {
  it('that a lost document makes is found at the next start, and repaired', async () => {
    await received('Rusdi', 'Kusnadi');
    const [lost] = (await tablet.db.getAll('rows')).filter(({ name, kind }) => name === 'Rusdi' && kind === 'application');
    await tablet.db.delete('documents', lost?.id ?? '');
    await tablet.db.delete('rows', lost?.id ?? '');
    const again = await restarted();
    expect((await listRecords(again, 'all', '')).total).toBe(1);
    await sync(again);
    expect((await listRecords(again, 'all', '')).total).toBe(2);
    expect(again.status.get().trouble).toBeNull();
    const last = office.requests.slice(-3);
    // The fold differs; the sums say in what; the scope is compared change by change, and the same answer shows it mended.
    expect(last.map(({ hello, repairs }) => [hello.flags ?? 0, repairs?.length])).toEqual([[0, 0], [1, 0], [0, 1]]);
  });

  it('of a lost line alone is mended from the document, without the office', async () => {
    await received('Rusdi');
    const [lost] = await tablet.db.getAllFromIndex('rows', 'kind', 'application');
    await tablet.db.delete('rows', lost?.id ?? '');
    const again = await restarted();
    const requests = office.requests.length;
    await sync(again);
    expect(await tablet.db.get('rows', lost?.id ?? '')).toEqual(lost);
    expect(office.requests).toHaveLength(requests + 1);
  });

  it('makes the tablet name every chain, for an office that forgot frames without a new name', async () => {
    await received('Rusdi');
    await register(tablet, 'Marsinah');
    await sync(tablet);
    office.frames.clear();
    office.says = (request) => log.says(request);
    log.changes = log.changes.slice(1);
    await sync(tablet);
    expect(office.frames.size).toBe(1);
  });

  it('that is left after the repair is told, never taken over, and not repaired again and again', async () => {
    await received('Rusdi');
    const before = await readSums(tablet.db, office.log);
    const honest = log.says;
    office.says = async (request) => {
      const said = await honest(request);
      const other = { scope: 'everyone', sum: '11'.repeat(32), count: 99 };
      const sums = ((request.hello.flags ?? 0) & 1) === 1 ? [other] : [];
      return said.map((record) => (record.type === 'digest' ? { ...record, fold: '22'.repeat(8), sums } : record));
    };
    await sync(tablet);
    expect(tablet.status.get().trouble).toEqual({ kind: 'differs', code: 'SCOPE_DIFFERS' });
    expect(await readSums(tablet.db, office.log)).toEqual(before);
    const requests = office.requests.length;
    await sync(tablet);
    expect(office.requests).toHaveLength(requests + 1);
    expect(tablet.status.get().trouble?.kind).toBe('differs');
    office.says = honest;
    await sync(tablet);
    expect(tablet.status.get().trouble).toBeNull();
  });

  it('does not go on for ever with an office that never ends its repair', async () => {
    await received('Rusdi');
    const honest = log.says;
    office.says = async (request) => {
      const said = await honest({ ...request, repairs: [] });
      const sums = ((request.hello.flags ?? 0) & 1) === 1 ? [{ scope: 'everyone', sum: '11'.repeat(32), count: 99 }] : [];
      const steps = (request.repairs ?? []).map(({ scope, position, message }) => ({ type: 'repair', scope, position, message }) as const);
      const digest = { type: 'digest', fold: '22'.repeat(8), sums } as const;
      return [...steps, ...said.filter(({ type }) => type !== 'digest'), digest];
    };
    await sync(tablet);
    expect(tablet.status.get().trouble?.kind).toBe('differs');
    expect(office.requests.filter(({ repairs }) => (repairs ?? []).length > 0)).toHaveLength(17);
  });
});
