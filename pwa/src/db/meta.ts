import type { Database } from './open';
import type { Meta, MetaKey } from './schema';

export async function readMeta<K extends MetaKey>(db: Database, key: K): Promise<Meta[K] | undefined> {
  return (await db.get('meta', key)) as Meta[K] | undefined;
}

/** Durable when the promise resolves. */
export async function writeMeta<K extends MetaKey>(db: Database, key: K, value: Meta[K]): Promise<void> {
  const tx = db.transaction('meta', 'readwrite', { durability: 'strict' });
  await Promise.all([tx.store.put(value, key), tx.done]);
}

/** Signing out forgets the account and nothing else: the day and all unsent work stay. */
export async function forgetAccount(db: Database): Promise<void> {
  await db.delete('meta', 'account');
}
