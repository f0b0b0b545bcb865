import type { Agency, Standard, Status } from '../lib/views';
import { getJson } from './client';

/** What is published to everybody; no sign-in, no personal data. */

export interface Site {
  readonly name: string;
  /** Regency code such as `16.04`. */
  readonly regency: string;
  readonly regency_name: string;
  /** E.164, of the office; empty when none was configured. */
  readonly phone: string;
  /** What a village is called there: desa, kampung, pekon. */
  readonly local_village_word: string;
  readonly demo: boolean;
}

export interface AgencyServices extends Agency {
  readonly services: readonly Standard[];
}

export interface PublicDay {
  readonly id: string;
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly place: string;
  readonly villages: readonly { readonly code: string; readonly name: string; readonly district: string }[];
  readonly agencies: readonly string[];
  readonly services: readonly string[];
}

/** One application as its tracking code shows it: service, date, status, and nothing of anybody. */
export interface Tracked {
  readonly tracking: string;
  /** "ticket" while only a queue ticket has been handed out. */
  readonly state: 'application' | 'ticket';
  readonly service?: string;
  readonly service_name?: string;
  /** Empty when the office does not hold the day yet. */
  readonly day: { readonly date: string; readonly place: string };
  readonly ticket?: string | null;
  readonly status?: {
    readonly current: Status;
    readonly at: number | null;
    readonly steps: readonly { readonly status: Status; readonly at: number }[];
  };
}

export async function getSite(): Promise<Site> {
  return getJson('/api/public/site');
}

export async function getServices(): Promise<{ readonly agencies: readonly AgencyServices[] }> {
  return getJson('/api/public/services');
}

export async function getDays(): Promise<{ readonly days: readonly PublicDay[] }> {
  return getJson('/api/public/days');
}

/** Fails with TRACKING_NOT_ARRIVED or TRACKING_MALFORMED. */
export async function getTracked(code: string): Promise<Tracked> {
  return getJson(`/api/public/track/${encodeURIComponent(code)}`);
}
