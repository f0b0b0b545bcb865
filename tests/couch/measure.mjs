// How many documents a second a CouchDB-style server stores, one request after the other: in plain _bulk_docs of 16, as
// it comes and flushed to the disk; with the requests of PouchDB's replication (_revs_diff, _bulk_docs with the revisions
// of the sender, the checkpoint), flushed, in batches of 16 and of 100, which is PouchDB's own; and by PouchDB itself.
// Usage: node measure.mjs DOCUMENTS; prints {"as_it_comes":{"documents":N,"ms":N},"flushed":...,...}.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import PouchDB from 'pouchdb';

const EACH = 16;
const EACH_OF_POUCHDB = 100;
const count = Number(process.argv[2] ?? 4000);
const here = import.meta.dirname;
const documents = await registrations(count);
console.log(
  JSON.stringify({
    as_it_comes: await served('as it comes', inBulk),
    flushed: await served('flushed', inBulk),
    pushed: await served('flushed', (url) => pushed(url, EACH)),
    pushed_by_hundred: await served('flushed', (url) => pushed(url, EACH_OF_POUCHDB)),
    replicated: await served('flushed', replicated),
  }),
);

/** Runs the work against a server on a folder of its own; says how many documents it stored in how many milliseconds. */
async function served(how, work) {
  const folder = await mkdtemp(join(tmpdir(), 'mpp-couch-'));
  const server = spawn(process.execPath, [join(here, 'server.mjs'), folder, how], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const { port } = JSON.parse(await firstLine(server.stdout));
    const url = `http://127.0.0.1:${port}/registrations`;
    await send('PUT', url);
    const ms = Math.round(await work(url, folder));
    const { doc_count: held } = await send('GET', url);
    if (held !== documents.length) throw new Error(`${held} of ${documents.length} documents are there`);
    return { documents: held, ms };
  } finally {
    server.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function inBulk(url) {
  const begin = performance.now();
  for (let at = 0; at < documents.length; at += EACH) {
    const stored = await send('POST', `${url}/_bulk_docs`, { docs: documents.slice(at, at + EACH) });
    if (!stored.every(({ ok }) => ok)) throw new Error(`not stored: ${JSON.stringify(stored)}`);
  }
  return performance.now() - begin;
}

/** The requests that PouchDB sends for each batch, without what it does on its own side. */
async function pushed(url, each) {
  const revised = documents.map((document) => {
    const rev = createHash('md5').update(document._id).digest('hex');
    return { ...document, _rev: `1-${rev}`, _revisions: { start: 1, ids: [rev] } };
  });
  let checkpoint;
  const begin = performance.now();
  for (let at = 0; at < revised.length; at += each) {
    const batch = revised.slice(at, at + each);
    const asked = Object.fromEntries(batch.map(({ _id, _rev }) => [_id, [_rev]]));
    const lacks = await send('POST', `${url}/_revs_diff`, asked);
    const missing = batch.filter(({ _id }) => lacks[_id] !== undefined);
    await send('POST', `${url}/_bulk_docs`, { docs: missing, new_edits: false });
    const { rev } = await send('PUT', `${url}/_local/tablet`, { _rev: checkpoint, last_seq: at + batch.length });
    checkpoint = rev;
  }
  return performance.now() - begin;
}

async function replicated(url, folder) {
  const tablet = new PouchDB(join(folder, 'tablet'), { adapter: 'leveldb' });
  await tablet.bulkDocs(documents);
  const begin = performance.now();
  await tablet.replicate.to(url, { batch_size: EACH });
  const ms = performance.now() - begin;
  await tablet.close();
  return ms;
}

async function send(method, url, body) {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** The applications of the service day, again and again under ids of their own. */
async function registrations(wanted) {
  const text = await readFile(join(here, '../data/service-day.jsonl'), 'utf8');
  const typed = text.split('\n').filter((line) => line.includes('"op":"register"')).map((line) => JSON.parse(line));
  return Array.from({ length: wanted }, (_, index) => ({ _id: `application-${index}`, ...typed[index % typed.length] }));
}

async function firstLine(stream) {
  for await (const line of createInterface({ input: stream })) return line;
  throw new Error('the server ended at its start');
}
