import type { NodeIdentity } from '../api/field';
import { concat, toBase64Url, toHex, type Bytes } from '../core/bytes';
import type { SyncRecord } from '../core/exchange';
import { writeMeta } from '../db/meta';
import type { StoredDocument } from '../db/schema';
import type { TestOffice } from './office';
import type { TestTablet } from './tablet';

/** An office that signs tombstones, as `protocol.md` describes them. */

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' };
const KINDS = { resident: 1, visit: 2, application: 3, service_day: 4, catalogue: 5 };

const text = (words: string): Bytes => new TextEncoder().encode(words);
const bytesOf = (hex: string): Bytes => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const named = (words: string): Bytes => concat([Uint8Array.of(words.length), text(words)]);

async function sha256(...parts: Uint8Array[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', concat(parts)));
}

function newKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function publicHalf({ publicKey }: CryptoKeyPair): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.exportKey('raw', publicKey));
}

/** The body with the signature over its hash behind it. */
async function signed(keys: CryptoKeyPair, what: string, body: Bytes): Promise<Bytes> {
  const hash = await sha256(text(what), body);
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, keys.privateKey, hash);
  return concat([body, new Uint8Array(signature)]);
}

/** Erases documents as the office does: what it then says to tablets. */
export type Erase = (...documents: Pick<StoredDocument, 'id' | 'kind'>[]) => Promise<SyncRecord[]>;

/** An office that can erase, and gets a new key. */
export interface ErasingOffice {
  erase: Erase;
  /** From now on it signs with another key. */
  rotate: () => Promise<void>;
  /** Who it says it is when it is asked. */
  identity: () => NodeIdentity & { list: null };
}

/** Gives the tablet the certificate of an office that can erase. */
export async function erasingOffice(office: TestOffice, tablet: TestTablet): Promise<ErasingOffice> {
  const root = await newKeys();
  let node = await newKeys();
  let signer: Bytes = new Uint8Array();
  const certified = async (serial: number): Promise<string> => {
    const key = await publicHalf(node);
    signer = (await sha256(text('mpp.device.1'), key)).slice(0, 16);
    office.node = toHex(signer);
    const subject = concat([Uint8Array.of(1, 1), key, named('Kantor'), Uint8Array.of(serial, 0, 0)]);
    return toBase64Url(await signed(root, 'mpp.certificate.1', subject));
  };
  let certificate = await certified(1);
  const granted = { grant: 'AA', certificate, root: toBase64Url(await publicHalf(root)) };
  await writeMeta(tablet.db, 'prepared', { ...tablet.day, ...granted });
  return {
    erase: (...documents) => Promise.all(documents.map((document) => tombstone(node, signer, document))),
    rotate: async () => {
      node = await newKeys();
      certificate = await certified(2);
    },
    identity: () => ({ log: office.log, certificate, office: certificate, roots: [], list: null }),
  };
}

/** A tombstone that somebody else than the office signed. */
export async function forged(document: Pick<StoredDocument, 'id' | 'kind'>): Promise<SyncRecord> {
  const keys = await newKeys();
  const signer = (await sha256(text('mpp.device.1'), await publicHalf(keys))).slice(0, 16);
  return tombstone(keys, signer, document);
}

async function tombstone(
  keys: CryptoKeyPair,
  signer: Bytes,
  { id, kind }: Pick<StoredDocument, 'id' | 'kind'>,
): Promise<SyncRecord> {
  const body = concat([
    Uint8Array.of(1),
    bytesOf(id),
    Uint8Array.of(KINDS[kind], 1, 1),
    named('everyone'),
    Uint8Array.of(9),
    named('sari'),
    named('Permintaan 12/PDP/2026'),
    signer,
  ]);
  return { type: 'tombstone', bytes: await signed(keys, 'mpp.tombstone.1', body) };
}
