import type { Bytes } from '../core/bytes';
import type { DayView } from '../core/views';
import type { Account, Regions, Site } from '../db/schema';
import { callJson, send, TIMEOUTS } from './field-http';

/** The officer's calls to the office. Everything else works without them. */

export async function signIn(username: string, password: string): Promise<Account> {
  const { account } = await callJson<{ account: Account }>('/api/login', { username, password });
  return account;
}

export async function signOut(): Promise<void> {
  await callJson('/api/logout', {});
}

/** Days the officer is on the roster of. */
export async function fieldDays(): Promise<DaySummary[]> {
  const { days } = await callJson<{ days: DaySummary[] }>('/api/field/days');
  return days;
}

export type DaySummary = Pick<DayView, 'id' | 'date' | 'place'> & Partial<DayView>;

export interface Prepared {
  device: string;
  label: string;
  day: DayView;
  scopes: string[];
  log: string;
}

/** Registers the device key and grants the day. The same device and day get the same letter. */
export function prepare(
  day: string,
  devicePublicKey: string,
  deviceName: string,
): Promise<Prepared> {
  return callJson<Prepared>('/api/field/prepare', {
    day,
    device_public_key: devicePublicKey,
    device_name: deviceName,
  });
}

export function site(): Promise<Site> {
  return callJson<Site>('/api/public/site');
}

export function regions(): Promise<Regions> {
  return callJson<Regions>('/api/public/regions', undefined, TIMEOUTS.download);
}

export const SYNC_CONTENT_TYPE = 'application/vnd.mpp.sync';

/** One exchange. The body of the answer is read as it arrives. */
export async function exchange(body: Bytes): Promise<ReadableStream<Bytes>> {
  const response = await send(
    '/sync/v1',
    { method: 'POST', headers: { 'Content-Type': SYNC_CONTENT_TYPE }, body },
    TIMEOUTS.exchange,
  );
  if (response.body === null) throw new TypeError('the answer has no body');
  return response.body;
}
