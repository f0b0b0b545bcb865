import type {
  ApplicationView,
  DayView,
  HistoryEntry,
  NextStatus,
  ResidentGroup,
  ResidentView,
  Standard,
  Status,
  VisitView,
} from '../lib/views';
import { getJson, postJson } from './client';

/** The supervisor's calls. Every one fails with NOT_SIGNED_IN once the session has ended. */

export interface Account {
  readonly username: string;
  readonly display_name: string;
  readonly roles: readonly ('officer' | 'supervisor' | 'admin')[];
  readonly agency?: string;
}

export type Attention = 'status_conflict' | 'field_conflict' | 'identity_question' | 'spelling';

export interface ApplicationRow {
  readonly id: string;
  readonly ticket: string | null;
  readonly tracking: string | null;
  readonly service: string;
  readonly service_name: string;
  readonly agency: string | null;
  readonly day: string | null;
  readonly applicant_name: string | null;
  readonly subject_name: string | null;
  readonly nik_masked: string | null;
  readonly village_name: string | null;
  readonly district_name: string | null;
  readonly status: Status;
  readonly attention: readonly Attention[];
  readonly officer_name: string;
  readonly device: string;
  readonly created_at: number;
  readonly updated_at: number;
}

export interface ApplicationFilter {
  readonly day: string;
  readonly status: string;
  readonly agency: string;
  readonly q: string;
  readonly attention: boolean;
  /** From 1. */
  readonly page: number;
}

export interface ApplicationList {
  readonly rows: readonly ApplicationRow[];
  /** Of all pages. */
  readonly total: number;
  readonly page_size: number;
}

export interface ApplicationDetail {
  readonly application: ApplicationView;
  readonly standard: Standard | null;
  readonly resident: ResidentGroup | null;
  readonly residents: readonly ResidentView[];
  readonly visit: VisitView | null;
  readonly history: readonly HistoryEntry[];
  /** Other applications of the same resident. */
  readonly others: readonly ApplicationRow[];
  readonly next: readonly NextStatus[];
  /** Username to the name people read. */
  readonly people: Readonly<Record<string, string>>;
  /** Village code to "Name, Kec. X". */
  readonly villages: Readonly<Record<string, string>>;
}

export interface Tablet {
  readonly device: string;
  readonly name: string;
  /** Letter on that day. */
  readonly label: string;
  readonly day: string;
  readonly officer_names: readonly string[];
  readonly last_seen_at: number | null;
  readonly frames_held: number;
  readonly frames_backed_up: number;
  readonly changes_held: number;
  /** Deliveries that the tablet, or a later session of it, spoke of and that are not here. */
  readonly missing_frames: number;
  readonly missing_sessions: number;
  /** Its storage was put back to an earlier state, or copied. */
  readonly rolled_back: boolean;
  readonly forked: boolean;
  /** A good backup covers everything that it is known to have written. */
  readonly safe: boolean;
  readonly quarantined: number;
  readonly sessions: number;
  readonly revoked: boolean;
  /** Somebody let it be wiped before that. */
  readonly released: Release | null;
}

export interface Release {
  readonly at: number;
  readonly by: string;
  readonly reason: string;
}

export interface Hub {
  readonly device: string;
  readonly name: string;
  /** Username of who let it join. */
  readonly enrolled_by: string;
  readonly enrolled_at: number;
  readonly last_at: number | null;
  readonly version: string | null;
  /** Deliveries of tablets that it had not brought to the office at its last contact. */
  readonly waiting_frames: number | null;
  /** Days that its certificate for the office's name still holds. */
  readonly tls_days: number | null;
  readonly revoked_at: number | null;
}

export interface Backup {
  readonly state: 'not_set_up' | 'good' | 'old';
  readonly last_good_at: number | null;
  /** Changes that the newest good backup does not hold. */
  readonly changes_since: number;
  readonly last_error: string | null;
  readonly place: string | null;
}

export interface QuarantineRow {
  readonly document: string;
  readonly hash: string;
  /** As in the wire format: 1 resident, 2 visit, 3 application, 4 service day, 5 catalogue. */
  readonly kind: number;
  readonly code: string;
  readonly session: string;
  readonly device?: string | null;
  readonly device_name?: string | null;
  readonly officer_name?: string | null;
  /** Letter of the tablet, or "kantor"; none when the chain is not known. */
  readonly label?: string | null;
  /** Of the record it belongs to, when the office has it. */
  readonly ticket?: string | null;
  readonly name?: string | null;
  /** It may pass by itself once something else has arrived or was granted. */
  readonly waits?: boolean;
  readonly received_at: number;
  readonly retried?: number;
}

/** How trying everything held back again went. */
export interface Retried {
  readonly accepted: number;
  readonly left: number;
}

/** What became of a file of a tablet. */
export interface ImportedBundle {
  readonly device: string;
  readonly name: string;
  /** Letter of the tablet on its day; none when it was not put on one. */
  readonly label: string | null;
  /** Changes in the file. */
  readonly changes: number;
  /** Of them, those the office did not hold before. */
  readonly new: number;
  /** Changes kept aside. */
  readonly held: number;
  /** Codes of frames that were not stored. */
  readonly refused: readonly string[];
}

export type DaySummary = Pick<DayView, 'id' | 'date' | 'place'> & Partial<DayView>;

export async function login(username: string, password: string): Promise<Account> {
  return (await postJson<{ account: Account }>('/api/login', { username, password })).account;
}

export async function logout(): Promise<void> {
  await postJson('/api/logout', {});
}

export async function whoAmI(): Promise<Account> {
  return (await getJson<{ account: Account }>('/api/me')).account;
}

export async function getOfficeDays(): Promise<readonly DaySummary[]> {
  return (await getJson<{ days: DaySummary[] }>('/api/office/days')).days;
}

export async function getApplications(filter: ApplicationFilter): Promise<ApplicationList> {
  const filled = Object.entries(filter).filter(([, value]) => value !== '');
  return postJson('/api/office/applications/search', Object.fromEntries(filled));
}

export async function getApplication(id: string): Promise<ApplicationDetail> {
  return getJson(`/api/office/applications/${id}`);
}

/** `after`: the status events the supervisor had on the screen. */
export async function postStatus(
  id: string,
  decision: { readonly status: Status; readonly reason?: string; readonly after: readonly string[] },
): Promise<void> {
  await postJson(`/api/office/applications/${id}/status`, decision);
}

export async function postChoice(id: string, key: string, value: string): Promise<void> {
  await postJson(`/api/office/applications/${id}/choose`, { key, value });
}

export async function postSpelling(group: string, value: string, members: readonly string[]): Promise<void> {
  await postJson(`/api/office/residents/${group}/spelling`, { value, members });
}

export async function postIdentity(
  group: string,
  decision: 'join' | 'split',
  members: readonly string[],
  from: readonly string[],
): Promise<void> {
  await postJson(`/api/office/residents/${group}/${decision}`, { members, from });
}

export async function postUndo(resident: string, decision: string): Promise<void> {
  await postJson(`/api/office/decisions/${resident}/${encodeURIComponent(decision)}/undo`, {});
}

export async function getTablets(day: string): Promise<readonly Tablet[]> {
  return (await getJson<{ tablets: Tablet[] }>('/api/office/tablets', { day })).tablets;
}

export async function getQuarantine(): Promise<readonly QuarantineRow[]> {
  return (await getJson<{ rows: QuarantineRow[] }>('/api/office/quarantine')).rows;
}

export async function postBundle(text: string): Promise<ImportedBundle> {
  return postJson('/api/office/bundles', { text });
}

export async function getHubs(): Promise<readonly Hub[]> {
  return (await getJson<{ hubs: Hub[] }>('/api/office/hubs')).hubs;
}

/** Somebody who can be put on a roster. */
export interface Officer {
  readonly username: string;
  readonly display_name: string;
}

export async function getOfficers(): Promise<readonly Officer[]> {
  return (await getJson<{ officers: Officer[] }>('/api/office/officers')).officers;
}

/** Puts somebody on the roster of a day that is published. */
export async function postOfficer(day: string, username: string): Promise<void> {
  await postJson(`/api/office/days/${day}/officers`, { username });
}

export async function getBackup(): Promise<Backup> {
  return getJson('/api/office/backup');
}

export async function postRelease(device: string, reason: string): Promise<void> {
  await postJson(`/api/office/tablets/${device}/release`, { reason });
}

export async function postRetry(): Promise<Retried> {
  return postJson('/api/office/quarantine/retry', {});
}
