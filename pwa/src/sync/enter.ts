import { ApiError } from '../api/client';
import { challenge, enterWith, revocations, type NodeIdentity } from '../api/field';
import { fromBase64Url, toBase64Url, type Bytes } from '../core/bytes';
import { CoreError, type Core } from '../core/functions';
import { readMeta, writeMeta } from '../db/meta';
import type { Database } from '../db/open';
import type { PreparedDay } from '../db/schema';
import { deviceKeys, sign } from '../outbox/device-key';
import type { Exchanging } from './exchange';
import { keepOffice } from './offices';

/** Milliseconds after which the office's list of revocations is asked for again. */
const LIST_AGE = 60 * 60 * 1000;

/** A prepared day of an app that knows grants. */
type Granted = PreparedDay & Required<Pick<PreparedDay, 'grant' | 'certificate' | 'root'>>;

/**
 * Posts, and when nobody is signed in any more or the node does not know this tablet, enters with the
 * tablet's grant and posts again: a hub in the van, an office after its restore, an officer's session
 * that ended. Nobody types a password for it.
 */
export function entering(db: Database, core: Core, post: Exchanging['post']): Exchanging['post'] {
  let learnt = 0;
  return async (body) => {
    const answer = await post(body).catch(async (error: unknown) => {
      const day = await readMeta(db, 'prepared');
      if (!mayEnter(error) || !isGranted(day)) throw error;
      await enter(db, core, day);
      return post(body);
    });
    const now = Date.now();
    if (now - learnt > LIST_AGE) {
      learnt = now;
      // Late or lost, it is asked for again; what is sent does not wait for it.
      void learnRevocations(db, core).catch(() => undefined);
    }
    return answer;
  };
}

function mayEnter(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 401 || error.code === 'DEVICE_UNKNOWN');
}

function isGranted(day: PreparedDay | undefined): day is Granted {
  return day?.grant !== undefined && day.certificate !== undefined && day.root !== undefined;
}

async function enter(db: Database, core: Core, day: Granted): Promise<void> {
  const node = await challenge();
  const { node: id } = await believed(core, day, node, node.certificate);
  await learnRevocations(db, core).catch(() => undefined);
  const revoked = await readMeta(db, 'revoked');
  if (revoked?.devices.includes(id) === true) throw new ApiError('HUB_REVOKED', '', 403);
  const nonce = fromBase64Url(node.nonce);
  const { signing } = await core.call('enter_signing', { log: node.log, nonce });
  const signature = await sign(await deviceKeys(db), signing);
  await enterWith(day.grant, day.certificate, node.nonce, toBase64Url(signature));
}

/** What the certificate says, once the pinned root or one after it vouches for it. */
async function believed(
  core: Core,
  day: Granted,
  { roots }: NodeIdentity,
  certificate: string,
): Promise<{ node: string; role: string }> {
  const certified = {
    root: fromBase64Url(day.root),
    roots: roots.map(fromBase64Url),
    certificate: fromBase64Url(certificate),
  };
  return core.call('certificate_verify', certified).catch(() => {
    throw new ApiError('CERTIFICATE_INVALID', '', 403);
  });
}

/** Takes the office's certificate, and the list this node has, when the office signed it and it is newer than the kept one. */
export async function learnRevocations(db: Database, core: Core): Promise<void> {
  const day = await readMeta(db, 'prepared');
  if (!isGranted(day)) return;
  const answer = await revocations();
  const { role } = await believed(core, day, answer, answer.office);
  if (role !== 'office') return;
  await keepOffice(db, { certificate: answer.office, roots: answer.roots });
  if (answer.list === null) return;
  const list: Bytes = fromBase64Url(answer.list);
  const certificate = fromBase64Url(answer.office);
  const read = await core.call('revocations_read', { list, certificate });
  const kept = await readMeta(db, 'revoked');
  if (kept !== undefined && kept.issued_at >= read.issued_at) return;
  const devices = read.revoked.map(({ device }) => device);
  await writeMeta(db, 'revoked', { issued_at: read.issued_at, devices });
}

/** Asks once who signs for the office now, for each node that signed something and is not known. */
export function learning(db: Database, core: Core): Exchanging['learn'] {
  const met = new Set<string>();
  return async (node) => {
    if (met.has(node)) return;
    await learnRevocations(db, core).catch((error: unknown) => {
      // An answer that cannot be believed is one; only when none came it has to be asked again.
      if (!(error instanceof ApiError && error.status > 0) && !(error instanceof CoreError)) throw error;
    });
    met.add(node);
  };
}
