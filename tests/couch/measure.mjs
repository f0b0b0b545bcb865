// How many documents a second a CouchDB-style server stores: 16 in each _bulk_docs, one request after the other, as it
// comes and flushed to the disk; and by its own replication, in batches of 16.
// Usage: node measure.mjs DOCUMENTS; prints {"as_it_comes":{"documents":N,"ms":N},"flushed":...,"replicated":...}.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import PouchDB from 'pouchdb';

const EACH = 16;
const count = Number(process.argv[2] ?? 4000);
const here = import.meta.dirname;
const documents = await registrations(count);
console.log(
  JSON.stringify({
    as_it_comes: await served('as it comes', inBulk),
    flushed: await served('flushed', inBulk),
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
