import { fromBase64Url, randomBytes, type Bytes } from '../core/bytes';
import type { Core } from '../core/functions';
import { unconfirmedFrames } from '../db/outbox';
import type { Database } from '../db/open';
import type { PreparedDay } from '../db/schema';
import { allSessions } from '../db/sessions';
import { cutFrames } from './cut';
import { deviceKeys, publicKey, sign } from './device-key';

const EPHEMERAL_BYTES = 32;

/** A sealed file of everything the office has not confirmed. */
export interface Bundle {
  text: string;
  /** Saves in it. */
  saves: number;
}

/**
 * Seals what the office has not confirmed into the text of a file, as one request that only the
 * office can open. Nothing on the tablet changes by it: sending goes on as if there were no file.
 */
export async function sealBundle(
  db: Database,
  core: Core,
  day: PreparedDay,
  officeKey: string,
): Promise<Bundle> {
  const keys = await deviceKeys(db);
  await cutFrames(db, core, keys);
  const frames = await unconfirmedFrames(db);
  const waiting = new Set(frames.map(({ session }) => session));
  const sessions = (await allSessions(db)).filter(({ session }) => waiting.has(session));
  const { body } = await core.call('request_encode', {
    hello: {
      device: day.device,
      day: day.day.id,
      chains: sessions.map(({ session, frames: cut }) => ({ session, frames: cut.length })),
      pull: null,
    },
    frames: frames.map(({ bytes }) => bytes),
    // By the grant an office knows the tablet even if it lost its list of tablets.
    grants: day.grant === undefined ? [] : [fromBase64Url(day.grant)],
  });
  const text = await sealed(core, keys, fromBase64Url(officeKey), body);
  const saves = frames.reduce((sum, { saves: [first, last] }) => sum + last - first + 1, 0);
  return { text, saves };
}

async function sealed(core: Core, keys: CryptoKeyPair, office: Bytes, body: Bytes): Promise<string> {
  const { payload, signing } = await core.call('bundle_seal', {
    office_key: office,
    ephemeral: randomBytes(EPHEMERAL_BYTES),
    device_key: await publicKey(keys),
    body,
  });
  const { text } = await core.call('bundle_finish', { payload, signature: await sign(keys, signing) });
  return text;
}
