import { beforeEach, describe, expect, it } from 'vitest';
import { issueTicket } from '../actions/field/issue-ticket';
import { readVisit } from '../actions/field/visits';
import { testCore } from '../core/testing';
import type { StoredReceipt } from '../db/schema';
import { allSessions, keepTiers } from '../db/sessions';
import { TestOffice } from '../testing/office';
import { testTablet, type TestTablet } from '../testing/tablet';
import { syncWords } from '../ui/field/parts/sync-words';
import { countTiers, keepNewer, noteHolder, safeToWipe, takeReceipt, tiersOfDocuments } from './tiers';

let tablet: TestTablet;
let visit: string;
let office: TestOffice;
beforeEach(async () => {
  office = new TestOffice(await testCore());
  tablet = await testTablet(office.post, undefined, office.core);
  office.watches(tablet.db);
  visit = (await issueTicket(tablet, {})).visit;
  await tablet.loop.now();
  tablet.loop.stop();
});

async function place(): Promise<string | undefined> {
  expect(await readVisit(tablet, visit)).toBeDefined();
  return (await tiersOfDocuments(tablet.db)).get(visit);
}

async function words(): Promise<string> {
  await tablet.loop.refresh();
  return syncWords(tablet.status.get()).text;
}

describe('where a record is', () => {
  it('is the office when the office says that it holds it, and the tablet until then', async () => {
    expect(await place()).toBe('office');
    const later = (await issueTicket(tablet, {})).visit;
    expect((await tiersOfDocuments(tablet.db)).get(later)).toBe('tablet');
    expect(await countTiers(tablet.db)).toEqual({ tablet: 0, hub: 0, office: 1, backup: 0 });
  });

  it('is the van while only its hub holds it, and the sync bar says so', async () => {
    const [session] = await allSessions(tablet.db);
    if (session === undefined) throw new Error('no session');
    await keepTiers(tablet.db, session.session, () => ({ office: 0 }));
    await noteHolder(tablet.db, [session], false);
    expect(await place()).toBe('hub');
    expect(await words()).toBe('Semua sudah di mobil · belum sampai di kantor');
    await noteHolder(tablet.db, [session], true);
    expect(await place()).toBe('office');
  });

  it('is the backup only when the office says so, and the bar tells when none is set up', async () => {
    expect(await words()).toBe('Semua sudah di kantor · cadangan belum diatur');
    const [session] = await allSessions(tablet.db);
    if (session === undefined) throw new Error('no session');
    await keepTiers(tablet.db, session.session, () => ({ office: 1, backed_up: 1 }));
    expect(await place()).toBe('backup');
    expect(await words()).toBe('Semua sudah di kantor + cadangan');
  });

  it('does not rise by a receipt of a node that is not the known office', async () => {
    const [session] = await allSessions(tablet.db);
    const chains = [{ session: session?.session ?? '', frames: 1, backed_up: 1 }];
    const receipt = {
      node: 'aa'.repeat(16),
      log: 'a1'.repeat(16),
      issued_at: 1_790_000_000,
      chains,
      receipt: new Uint8Array(3),
    };
    await takeReceipt(tablet.db, tablet.core, null, receipt);
    await takeReceipt(tablet.db, tablet.core, { node: 'bb'.repeat(16), key: new Uint8Array(65) }, receipt);
    expect(await place()).toBe('office');
  });

  it('is told by the newest of several receipts, in whatever order a hub hands them on', async () => {
    const [session] = await allSessions(tablet.db);
    const said = (log: string, issued_at: number, backed_up: number): StoredReceipt => ({
      node: 'aa',
      session: session?.session ?? '',
      log,
      issued_at,
      frames: 1,
      backed_up,
      receipt: new Uint8Array(3),
    });
    const lost = said('01'.repeat(16), 100, 0);
    const before = said('02'.repeat(16), 200, 0);
    const now = said('02'.repeat(16), 200, 1);
    for (const order of [[lost, before, now], [now, before, lost], [before, now, lost]]) {
      await tablet.db.clear('receipts');
      for (const receipt of order) await keepNewer(tablet.db, tablet.core, [receipt]);
      expect(await place()).toBe('backup');
    }
  });

  it('may be left behind only when the backup has everything', async () => {
    const [session] = await allSessions(tablet.db);
    if (session === undefined) throw new Error('no session');
    expect(await safeToWipe(tablet.db)).toBe(false);
    await keepTiers(tablet.db, session.session, () => ({ office: 1, backed_up: 1 }));
    expect(await safeToWipe(tablet.db)).toBe(true);
    await issueTicket(tablet, {});
    expect(await safeToWipe(tablet.db)).toBe(false);
  });
});

describe('marks', () => {
  it('that moved make the tablet name every session once more, and are then kept', async () => {
    const chains = (): number[] => office.requests.map(({ hello }) => hello.chains.length);
    const before = chains().length;
    await tablet.loop.now();
    tablet.loop.stop();
    expect(chains().slice(before)).toEqual([0]);
    office.marks = 5;
    await tablet.loop.now();
    tablet.loop.stop();
    expect(chains().slice(before)).toEqual([0, 0, 1]);
    await tablet.loop.now();
    tablet.loop.stop();
    expect(chains().slice(before)).toEqual([0, 0, 1, 0]);
  });
});
