import { toBase64Url, type Bytes } from '../core/bytes';
import { readMeta, writeMeta } from '../db/meta';
import type { Database } from '../db/open';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** This tablet's signing keys, made once. The private key cannot leave the browser. */
export async function deviceKeys(db: Database): Promise<CryptoKeyPair> {
  const stored = await readMeta(db, 'device_keys');
  if (stored !== undefined) return stored;
  const made = await crypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify']);
  await writeMeta(db, 'device_keys', made);
  return made;
}

/** The public key: SEC1 uncompressed, 65 bytes. */
export async function publicKey(keys: CryptoKeyPair): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey));
}

/** The public key as the office registers it: base64url. */
export async function publicKeyText(keys: CryptoKeyPair): Promise<string> {
  return toBase64Url(await publicKey(keys));
}

/** ECDSA P-256 over SHA-256 of `bytes`, as 64 bytes r‖s. */
export async function sign(keys: CryptoKeyPair, bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign(SIGNATURE, keys.privateKey, bytes));
}
