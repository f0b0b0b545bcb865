// The server of the comparison: express-pouchdb on LevelDB files. Prints its port.
// Usage: node server.mjs FOLDER [flushed]. As it comes it never flushes to the disk; `flushed` does so for each write, as
// CouchDB itself does and as our server does.

import express from 'express';
import expressPouchdb from 'express-pouchdb';
import LevelDown from 'leveldown';
import PouchDB from 'pouchdb';

const [folder, how] = process.argv.slice(2);
if (how === 'flushed') {
  const { _put, _batch } = LevelDown.prototype;
  LevelDown.prototype._put = function (key, value, options, done) {
    return _put.call(this, key, value, { ...options, sync: true }, done);
  };
  LevelDown.prototype._batch = function (operations, options, done) {
    return _batch.call(this, operations, { ...options, sync: true }, done);
  };
}
const OnDisk = PouchDB.defaults({ prefix: `${folder}/`, adapter: 'leveldb' });
const app = express();
app.use('/', expressPouchdb(OnDisk, { mode: 'minimumForPouchDB', logPath: `${folder}/log.txt`, inMemoryConfig: true }));
const listening = app.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: listening.address().port }));
});
