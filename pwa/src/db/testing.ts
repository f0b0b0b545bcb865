import 'fake-indexeddb/auto';
import { openDatabase, type Database } from './open';

/** For tests: an empty store of its own, as on a new tablet. Stores opened before stay as they are. */
export function testDatabase(): Promise<Database> {
  indexedDB = new IDBFactory();
  return openDatabase();
}
