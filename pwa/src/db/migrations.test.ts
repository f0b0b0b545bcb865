import 'fake-indexeddb/auto';
import { openDB } from 'idb';
import { describe, expect, it } from 'vitest';
import { MIGRATIONS } from './migrations';
import { DATABASE_NAME, openDatabase } from './open';
import { newestRows, ungroupedResidents, waitingRows } from './records';
import type { FieldSchema } from './schema';

describe('a store of an app before sums', () => {
  it('keeps everything that may be unsent, and reads the log again to learn what lists it', async () => {
    indexedDB = new IDBFactory();
    const old = await openDB<FieldSchema>(DATABASE_NAME, 2, {
      upgrade(db, _from, _to, upgrade) {
        for (const step of MIGRATIONS.slice(0, 2)) step(db, upgrade);
      },
    });
    const cursors = [{ position: 9, rolling: '0102030405060708', scopes: ['everyone'] }];
    await old.put('meta', { log: 'a1'.repeat(16), cursors }, 'pulled');
    await old.put('meta', { username: 'siti', display_name: 'Siti', roles: [] }, 'account');
    const save = { session: 's', number: 0, hash: 'h', entries: [], frame: null, uncut: [1, 0] as [number, number] };
    await old.put('saves', save);
    await old.put('documents', { id: 'd', kind: 'visit', hashes: ['h'], changes: [new Uint8Array(3)], view: null });
    await old.put('drafts', { id: 'v', day: 'x', updated_at: 1, form: { typed: true } });
    old.close();

    const db = await openDatabase();
    expect(db.version).toBe(MIGRATIONS.length);
    expect(await db.get('meta', 'pulled')).toBeUndefined();
    expect(await db.get('meta', 'account')).toMatchObject({ username: 'siti' });
    expect(await db.getAll('saves')).toEqual([save]);
    expect(await db.count('documents')).toBe(1);
    expect(await db.getAll('drafts')).toMatchObject([{ form: { typed: true } }]);
    expect(await Promise.all(['listed', 'sums', 'batches'].map((name) => db.count(name as 'sums')))).toEqual([0, 0, 0]);
    db.close();
  });
});

describe('a store of an app whose lines had no order', () => {
  it('learns who waits in a queue and who is to be grouped', async () => {
    indexedDB = new IDBFactory();
    const old = await openDB<FieldSchema>(DATABASE_NAME, 4, {
      upgrade(db, _from, _to, upgrade) {
        for (const step of MIGRATIONS.slice(0, 4)) step(db, upgrade);
      },
    });
    const line = { name: '', status_conflict: false, field_conflicts: 0, search: '', officer: 'siti', device: 'A', unsent: [] };
    const times = { created_at: 1, updated_at: 2 };
    await old.put('rows', { ...line, ...times, id: 'waits', kind: 'visit', day: 'd' });
    await old.put('rows', { ...line, ...times, id: 'served', kind: 'visit', day: 'd', resident: 'r' });
    await old.put('rows', { ...line, ...times, id: 'r', kind: 'resident' });
    await old.put('rows', { ...line, ...times, id: 'first', kind: 'application', day: 'd' });
    await old.put('rows', { ...line, ...times, id: 'later', kind: 'application', day: 'd', created_at: 5 });
    await old.put('rows', { ...line, ...times, id: 'elsewhere', kind: 'application', day: 'e', created_at: 3 });
    old.close();

    const db = await openDatabase();
    expect((await waitingRows(db, 'd')).map(({ id }) => id)).toEqual(['waits']);
    expect(await ungroupedResidents(db)).toEqual(['r']);
    const newest = async (day: string | undefined, most: number): Promise<unknown> => {
      const { rows, total } = await newestRows(db, 'application', day, most);
      return [rows.map(({ id }) => id), total];
    };
    expect(await newest('d', 9)).toEqual([['later', 'first'], 2]);
    expect(await newest(undefined, 2)).toEqual([['later', 'elsewhere'], 3]);
    db.close();
  });
});
