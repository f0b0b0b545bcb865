import type { Bytes } from '../core/bytes';
import type { DayView } from '../core/views';
import type { Account, Regions, Site } from '../db/schema';
import { ApiError, getJson, postJson } from './client';
import { TIMEOUTS } from './timeouts';

/** The officer's calls to the office. Everything else works without them. */

export async function signIn(username: string, password: string): Promise<Account> {
  const { account } = await postJson<{ account: Account }>('/api/login', { username, password });
  return account;
}

export async function signOut(): Promise<void> {
  await postJson('/api/logout', {});
}

/** Days the officer is on the roster of. */
export async function fieldDays(): Promise<DaySummary[]> {
  const { days } = await getJson<{ days: DaySummary[] }>('/api/field/days');
  return days;
}

export type DaySummary = Pick<DayView, 'id' | 'date' | 'place'> & Partial<DayView>;

export interface Prepared {
  device: string;
  label: string;
  day: DayView;
  scopes: string[];
  log: string;
  /** The signed grant, the certificate of the office that signed it and the root key to pin, base64url. */
  grant: string;
  certificate: string;
  root: string;
  /** The office's key for bundle files: SEC1 uncompressed, base64url. */
  bundle_key: string;
}

/** Who a node is: certificates, base64url. `list` is the office's list of revocations, `nonce` what to sign. */
export interface NodeIdentity {
  log: string;
  certificate: string;
  office: string;
  roots: string[];
}

export function challenge(): Promise<NodeIdentity & { nonce: string }> {
  return getJson('/api/field/challenge');
}

export function revocations(): Promise<NodeIdentity & { list: string | null }> {
  return getJson('/api/field/revocations');
}

/** Enters with the tablet's grant, without a password. The node keeps the session in a cookie. */
export async function enterWith(
  grant: string,
  certificate: string,
  nonce: string,
  signature: string,
): Promise<void> {
  await postJson('/api/field/enter', { grant, certificate, nonce, signature });
}

/** Registers the device key and grants the day. The same device and day get the same letter. */
export function prepare(
  day: string,
  devicePublicKey: string,
  deviceName: string,
): Promise<Prepared> {
  return postJson<Prepared>('/api/field/prepare', {
    day,
    device_public_key: devicePublicKey,
    device_name: deviceName,
  });
}

export function site(): Promise<Site> {
  return getJson<Site>('/api/public/site');
}

export function regions(): Promise<Regions> {
  return getJson<Regions>('/api/public/regions');
}

const SYNC_TYPE = 'application/vnd.mpp.sync';

/** One exchange. The body of the answer is read as it arrives. Throws `ApiError`. */
export async function exchange(body: Bytes): Promise<ReadableStream<Bytes>> {
  const response = await fetch('/sync/v1', {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'content-type': SYNC_TYPE },
    body,
    signal: AbortSignal.timeout(TIMEOUTS.exchange),
  }).catch((error: unknown) => {
    throw unanswered(error);
  });
  if (!response.ok) throw await refusal(response);
  if (response.headers.get('content-type') !== SYNC_TYPE || response.body === null) {
    throw new ApiError('UNREADABLE', '', response.status);
  }
  return response.body;
}

/** The link failed while an answer was on its way. */
export function unanswered(error: unknown): ApiError {
  const timedOut = error instanceof DOMException && error.name === 'TimeoutError';
  return new ApiError(timedOut ? 'TIMEOUT' : 'NETWORK', '', 0);
}

async function refusal(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => null)) as {
    error?: { code?: string; message?: string };
  } | null;
  const { code = 'UNREADABLE', message = '' } = body?.error ?? {};
  return new ApiError(code, message, response.status);
}
