import { beforeEach, describe, expect, it } from 'vitest';
import { concat, toHex, type Bytes } from '../core/bytes';
import type { ReceivedChange, Welcome } from '../core/exchange';
import { testCore } from '../core/testing';
import { allBatches } from '../db/batches';
import { readSums } from '../db/listed';
import { readMeta } from '../db/meta';
import { commitPulled } from '../db/pulled';
import { allSessions } from '../db/sessions';
import { applyReceived } from '../doc/apply';
import { CURSORS, elsewhere, register, sync, tabletAtOffice } from '../testing/exchange';
import { TestLog } from '../testing/log';
import { page, type TestOffice } from '../testing/office';
import type { TestTablet } from '../testing/tablet';
import { dropCovered } from './give-back';
import { takePage } from './page';

const OLD = 'a1'.repeat(16);
const NEW = 'b2'.repeat(16);
const NODE = 'ab'.repeat(16);

let office: TestOffice;
let tablet: TestTablet;
let log: TestLog;
beforeEach(async () => {
  ({ office, tablet } = await tabletAtOffice());
  log = new TestLog(await testCore(), CURSORS);
});

function bytesOf(hex: string): Bytes {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

async function sha256(...parts: Uint8Array[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', concat(parts)));
}

const text = (words: string): Bytes => new TextEncoder().encode(words);

/** The office's node key, and its signature over a page of one change as `protocol.md` describes it. */
async function signing(): Promise<{ key: Bytes; sign: (change: ReceivedChange) => Promise<Bytes> }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  return {
    key: new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey)),
    sign: async ({ document, hash }) => {
      const root = await sha256(text('mpp.leaf.1'), bytesOf(document), bytesOf(hash));
      const attested = concat([text('mpp.attest.1'), bytesOf(OLD), root]);
      return new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, keys.privateKey, attested));
    },
  };
}

function welcome(backed_up = 0): Welcome {
  return { log: OLD, time: 0, protocol: 1, marks: 0, backed_up, backup: 'good', node: NODE };
}

/** Takes in one change of a colleague in a page that the office signed. */
async function signedPage(backedUp = 0): Promise<ReceivedChange> {
  const { db, core } = tablet;
  const change = (await elsewhere(['Rusdi'])).find(({ kind }) => kind === 'resident');
  if (change === undefined) throw new Error('no resident');
  const { key, sign } = await signing();
  const signed = page([change], CURSORS, { attestation: await sign(change) });
  const arriving = { db, core, welcome: welcome(backedUp), office: { node: NODE, key }, chains: [] };
  const taken = await takePage(arriving, signed);
  if ('notOurs' in taken) throw new Error('not taken');
  await commitPulled(db, await applyReceived(db, core, [change]), OLD, CURSORS, taken.listed);
  return change;
}

describe('a page that the office signed', () => {
  it('is kept whole until a backup covers it', async () => {
    const change = await signedPage();
    const [batch] = await allBatches(tablet.db);
    expect(batch).toMatchObject({ log: OLD, node: NODE, place: { log: OLD, position: 7 } });
    expect(batch?.entries).toMatchObject([{ hash: change.hash, scopes: ['everyone'] }]);
    await dropCovered(tablet.db, tablet.core, OLD, 6);
    expect(await allBatches(tablet.db)).toHaveLength(1);
    await dropCovered(tablet.db, tablet.core, OLD, 7);
    expect(await allBatches(tablet.db)).toEqual([]);
  });

  it('is not kept when a backup covers it already', async () => {
    await signedPage(7);
    expect(await allBatches(tablet.db)).toEqual([]);
  });

  it('is not taken when the signature is not that of the office over these changes', async () => {
    const { db, core } = tablet;
    const [one, other] = await elsewhere(['Rusdi']);
    if (one === undefined || other === undefined) throw new Error('no changes');
    const { key, sign } = await signing();
    const arriving = { db, core, welcome: welcome(), office: { node: NODE, key }, chains: [] };
    const forged = page([one], CURSORS, { attestation: await sign(other) });
    await expect(takePage(arriving, forged)).rejects.toMatchObject({ code: 'ATTESTATION_INVALID' });
  });
});

describe('a restored office', () => {
  /** The office lost what came after position 3, and says so. */
  function restored(): void {
    office.log = NEW;
    office.ancestors = [{ log: OLD, position: 3, rolling: '0303030303030303' }];
  }

  it('is gone on with where the logs part, with what was listed', async () => {
    log.changes = await elsewhere(['Rusdi']);
    office.outgoing = [page(log.changes, CURSORS)];
    await sync(tablet);
    restored();
    await sync(tablet);
    const pulled = await readMeta(tablet.db, 'pulled');
    expect(pulled).toEqual({
      log: NEW,
      cursors: [{ position: 3, rolling: '0303030303030303', scopes: ['everyone'] }],
    });
    expect(await readSums(tablet.db, OLD)).toBeUndefined();
    expect(await readSums(tablet.db, NEW)).toMatchObject({ sums: [{ count: log.changes.length }] });
    expect(await tablet.db.count('listed')).toBe(log.changes.length);
    // The second question of that sync stood in the new log already.
    expect(office.requests.at(-1)?.hello.pull).toMatchObject({ log: NEW });
  });

  it('gets back in whole signed pages what it lost and wants by name', async () => {
    const change = await signedPage();
    restored();
    const { document, hash } = change;
    const item = toHex(await sha256(text('mpp.item.1'), bytesOf(document), bytesOf(hash)));
    let lost = true;
    office.says = async (request) => {
      for (const { entries } of request.offers ?? []) lost &&= !entries.some((entry) => entry.hash === hash);
      log.changes = lost ? [] : [change];
      if ((request.repairs ?? []).length > 0) log.wants = lost ? [item] : [];
      return log.says(request);
    };
    await sync(tablet);
    const offers = office.requests.flatMap((request) => request.offers ?? []);
    expect(offers).toMatchObject([{ log: OLD, node: NODE, entries: [{ hash, change: change.change }] }]);
    expect(tablet.status.get().trouble).toBeNull();
    // Nothing differs any more: the batch is known to be in the new log, and waits for that one's backup.
    expect((await allBatches(tablet.db)).map(({ place }) => place)).toEqual([{ log: NEW, position: 7 }]);
    await sync(tablet);
    expect(office.requests.at(-1)?.offers).toEqual([]);
  });

  it('gets back what stands in no scope that is compared any more, once', async () => {
    await signedPage();
    const [batch] = await allBatches(tablet.db);
    if (batch === undefined) throw new Error('no batch');
    const entries = batch.entries.map((entry) => ({ ...entry, scopes: ['day/earlier'] }));
    await tablet.db.put('batches', { ...batch, entries });
    log.changes = [];
    await tablet.db.clear('listed');
    await tablet.db.put('sums', { log: OLD, list: OLD, sums: [] });
    restored();
    office.says = log.says;
    await sync(tablet);
    await sync(tablet);
    expect(office.requests.flatMap((request) => request.offers ?? [])).toHaveLength(1);
    expect((await allBatches(tablet.db)).map(({ place }) => place.log)).toEqual([NEW]);
  });
});

describe('a page that names changes as ours which are not', () => {
  it('because this tablet was copied is told as that', async () => {
    await register(tablet, 'Marsinah');
    await sync(tablet);
    const [kept] = await allSessions(tablet.db);
    const session = kept?.session ?? '';
    await register(tablet, 'Kusnadi');
    office.outgoing = [
      { type: 'holds', chains: [{ session, frames: 1, head: 'ff'.repeat(8) }] },
      page([], CURSORS, { yours: [{ chain: 0, frame: 0, index: 0, scopes: ['everyone'] }] }),
    ];
    office.more = [[]];
    await sync(tablet);
    expect(tablet.status.get().trouble).toEqual({ kind: 'forked', code: 'CHAIN_FORKED' });
    expect((await allSessions(tablet.db))[0]).toMatchObject({ forked: true });
    expect((await readMeta(tablet.db, 'pulled'))?.cursors).toEqual([]);
  });

  it('is not stored, nor are its cursors; the chain is named with no frames from then on', async () => {
    await register(tablet, 'Marsinah');
    const scopes = ['everyone'];
    const beyond = { ...CURSORS[0], position: 9 } as (typeof CURSORS)[0];
    const theirs = await elsewhere(['Rusdi']);
    office.outgoing = [
      page([], CURSORS, { yours: [{ chain: 0, frame: 5, index: 0, scopes }] }),
      page(theirs, [beyond]),
    ];
    office.more = [[page(theirs, [beyond])]];
    await sync(tablet);
    const [first, second] = office.requests;
    expect(first?.hello.chains.map(({ frames }) => frames)).toEqual([1]);
    expect(second?.hello.chains.map(({ frames }) => frames)).toEqual([0]);
    expect(second?.hello.pull?.cursors.every(({ position }) => position === 0)).toBe(true);
    expect((await readMeta(tablet.db, 'pulled'))?.cursors).toEqual([beyond]);
    expect(await tablet.db.count('listed')).toBe(theirs.length);
    // A frame that was only lost here is nobody's fault.
    expect(tablet.status.get().trouble).toBeNull();
  });
});
