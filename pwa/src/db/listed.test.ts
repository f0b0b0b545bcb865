import { beforeEach, describe, expect, it } from 'vitest';
import type { Listing } from '../core/caller';
import { allListed, allSums, enterLog, listedIn, notListed, readSums } from './listed';
import type { Database } from './open';
import { commitPulled, PullRaced } from './pulled';
import { testDatabase } from './testing';

const NOTHING = { from: null, cursors: [], ancestors: [], lacks: false };

let db: Database;
beforeEach(async () => {
  db = await testDatabase();
});

function listing(document: string, scope = 'everyone'): Listing {
  return { scope, document, hash: `hash of ${document}`, time: 1_790_000_000 };
}

/** A page of a log that lists something; the sums are told apart by their number. */
async function page(log: string, ...listings: Listing[]): Promise<void> {
  const before = await readSums(db, log);
  const count = (before?.sums[0]?.count ?? 0) + listings.length;
  const cursors = [{ position: count, rolling: '0102030405060708', scopes: ['everyone'] }];
  const sums = [{ scope: 'everyone', sum: '', count }];
  await commitPulled(db, [], log, cursors, { before, sums, listings, batch: null });
}

describe('the lists of logs', () => {
  it('are kept apart for hub and office, and go with the logs that are given up', async () => {
    for (let at = 0; at < 10; at += 1) {
      await enterLog(db, `log-${String(at)}`, NOTHING);
      await page(`log-${String(at)}`, listing('a'), listing('b'));
    }
    const kept = (await allSums(db)).map(({ log }) => log);
    expect(kept).toEqual(['log-3', 'log-4', 'log-5', 'log-6', 'log-7', 'log-8', 'log-9']);
    expect(await db.count('listed')).toBe(2 * kept.length);
    expect(await allListed(db, 'log-0')).toEqual([]);
  });

  it('are taken over by a restored log, and an old log that comes back begins one of its own', async () => {
    await page('old', listing('a'));
    const ancestors = [{ log: 'old', position: 0, rolling: '' }];
    const cursors = [{ position: 1, rolling: '0102030405060708', scopes: ['everyone'] }];
    await enterLog(db, 'new', { from: 'old', cursors, ancestors, lacks: true });
    expect(await readSums(db, 'new')).toMatchObject({ list: 'old', ancestors, lacks: true, sums: [{ count: 1 }] });
    await enterLog(db, 'old', NOTHING);
    await page('old', listing('b'));
    const again = await readSums(db, 'old');
    expect(again?.list).not.toBe('old');
    expect((await listedIn(db, again?.list ?? '', 'everyone')).map(({ document }) => document)).toEqual(['b']);
    expect((await listedIn(db, 'old', 'everyone')).map(({ document }) => document)).toEqual(['a']);
  });

  it('owe a log after two restores what the first one was not given', async () => {
    await page('one', listing('a'));
    await enterLog(db, 'two', { from: 'one', cursors: [], ancestors: [], lacks: true });
    await enterLog(db, 'three', { from: 'two', cursors: [], ancestors: [], lacks: false });
    expect(await readSums(db, 'three')).toMatchObject({ lacks: true });
  });

  it('tell what is new, and never mix scopes whose names begin alike', async () => {
    await page('log', listing('a', 'day/1'), listing('b', 'day/11'));
    const asked = [listing('a', 'day/1'), listing('a', 'day/11'), listing('a', 'day/11')];
    expect(await notListed(db, 'log', asked)).toEqual([listing('a', 'day/11')]);
    expect((await listedIn(db, 'log', 'day/1')).map(({ document }) => document)).toEqual(['a']);
  });

  it('are not added to by a page that was summed up on other sums', async () => {
    await page('log', listing('a'));
    const before = { log: 'log', list: 'log', sums: [] };
    const late = { before, sums: [], listings: [listing('b')], batch: null };
    await expect(commitPulled(db, [], 'log', [], late)).rejects.toThrow(PullRaced);
    expect(await db.count('listed')).toBe(1);
  });
});
