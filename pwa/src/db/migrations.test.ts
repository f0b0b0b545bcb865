import 'fake-indexeddb/auto';
import { openDB } from 'idb';
import { describe, expect, it } from 'vitest';
import { MIGRATIONS } from './migrations';
import { DATABASE_NAME, openDatabase } from './open';
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
