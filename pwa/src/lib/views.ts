/**
 * What the sync core shows of a document, on the tablet and at the office alike. Made only by the
 * core; described in `sync/docs`. Times are unix seconds, ids lowercase hex.
 */

export type Status =
  | 'received'
  | 'verified'
  | 'in_process'
  | 'returned'
  | 'ready'
  | 'handed_over'
  | 'rejected'
  | 'cancelled';

export type NoNikReason = 'belum_punya' | 'bayi' | 'tidak_membawa';

/** A person as typed. Every value may be missing; dates are `YYYY-MM-DD`, phones E.164. */
export interface Person {
  readonly nik?: string;
  readonly no_nik_reason?: NoNikReason;
  readonly kk?: string;
  readonly name?: string;
  readonly birth_place?: string;
  readonly birth_date?: string;
  readonly sex?: 'L' | 'P';
  /** Village code such as `16.04.12.2025`. */
  readonly village?: string;
  readonly dusun?: string;
  readonly rt?: string;
  readonly rw?: string;
  readonly street?: string;
  readonly phone?: string;
}

/** Who wrote something, on which device, when by that device's clock. */
export interface Author {
  readonly officer: string;
  /** Tablet letter on that day ("A"), or "kantor". */
  readonly device: string;
  readonly at: number;
}

export type Scalar = string | boolean | number | null;

export interface ConflictValue extends Author {
  /** As text; a tick is "true" or "false". */
  readonly value: string;
}

/** The same field, changed differently by people who could not see each other. */
export interface Conflict {
  /** Flat key of the field, such as `applicant.name`. */
  readonly key: string;
  readonly values: readonly ConflictValue[];
}

export interface StatusEvent extends Author {
  readonly id: string;
  readonly status: Status;
  readonly reason?: string;
  /** The events the person saw when deciding. */
  readonly after: readonly string[];
}

export interface StatusView {
  readonly current: Status;
  readonly heads: readonly string[];
  /** True when the heads exclude each other; a person must choose. */
  readonly conflict: boolean;
  /** In causal order, oldest first. */
  readonly events: readonly StatusEvent[];
}

interface DocumentView {
  readonly id: string;
  readonly schema: number;
  readonly conflicts: readonly Conflict[];
  readonly created: Author;
  readonly updated: Author;
  /** Normalised text; a row matches when it contains every word of the search key. */
  readonly search: string;
}

export interface ApplicationView extends DocumentView {
  readonly kind: 'application';
  readonly day: string;
  readonly visit?: string;
  readonly resident?: string;
  readonly service: string;
  /** Version of the service standard the form was filled in with. */
  readonly standard: number;
  readonly tracking?: string;
  readonly ticket?: string;
  readonly applicant: Person;
  readonly subject?: Person;
  readonly representative?: Person;
  readonly fields: Readonly<Record<string, string>>;
  readonly checks: Readonly<Record<string, boolean>>;
  readonly notes?: string;
  readonly status: StatusView;
}

export interface VisitView extends DocumentView {
  readonly kind: 'visit';
  readonly day: string;
  readonly ticket: string;
  readonly tracking: string;
  readonly resident?: string;
}

export interface Decision extends Author {
  readonly id: string;
  readonly decision: 'spelling' | 'join' | 'split' | 'undo';
  readonly field?: string;
  readonly value?: string;
  readonly with: readonly string[];
  /** Of a split: the residents on the other side. */
  readonly from?: readonly string[];
  readonly of?: string;
  readonly after: readonly string[];
  readonly undone: boolean;
}

export interface ResidentView extends DocumentView {
  readonly kind: 'resident';
  readonly person: Person;
  readonly decisions: readonly Decision[];
}

export interface DayView extends DocumentView {
  readonly kind: 'service_day';
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly place: string;
  readonly regency: string;
  readonly phone?: string;
  readonly villages: readonly string[];
  readonly agencies: readonly string[];
  /** Service code to quota; null is without limit. */
  readonly services: Readonly<Record<string, number | null>>;
  /** Username to the name people read. */
  readonly officers: Readonly<Record<string, string>>;
  /** Device id to tablet letter. */
  readonly devices: Readonly<Record<string, string>>;
}

export interface FieldRule {
  readonly key: string;
  readonly label: string;
  readonly type: 'text' | 'number' | 'date' | 'choice' | 'yes_no';
  readonly options?: readonly string[];
  readonly required: boolean;
  readonly show_when?: { readonly field: string; readonly equals: string };
}

/** One version of one service's standard, as the agency published it. */
export interface Standard {
  readonly service: string;
  readonly version: number;
  readonly name: string;
  readonly name_en?: string;
  readonly requirements: readonly string[];
  readonly duration: string;
  readonly fee: string;
  readonly product: string;
  /** Whether the service can be finished, only taken in, or not done at all without a link. */
  readonly offline: 'full' | 'intake' | 'online';
  readonly note?: string;
  readonly valid_from: string;
  readonly procedure?: string;
  readonly complaints?: string;
  readonly subject?: { readonly label: string; readonly required: boolean; readonly relation?: string };
  readonly fields: readonly FieldRule[];
}

export interface CatalogueView extends DocumentView {
  readonly kind: 'catalogue';
  readonly agency: Agency;
  readonly services: readonly Standard[];
  /** Versions that were replaced; applications taken under them are shown with them. */
  readonly earlier?: readonly Standard[];
}

export interface Agency {
  readonly code: string;
  readonly name: string;
  readonly short: string;
}

export interface SpellingSeen extends Author {
  readonly value: string;
  readonly resident: string;
}

/** Registrations that are one person, or may be. */
export interface ResidentGroup {
  readonly key: string;
  readonly members: readonly string[];
  /** True when a person must say whether others with the same number are this resident. */
  readonly question: boolean;
  /** Those others. */
  readonly question_with: readonly string[];
  readonly names: readonly SpellingSeen[];
  /** True when there are several spellings and none was chosen. */
  readonly spelling_open: boolean;
  readonly spelling?: {
    readonly value: string;
    /** The resident document that holds the decision. */
    readonly resident: string;
    readonly decision: string;
    readonly officer: string;
    readonly at: number;
  };
  readonly nik?: string;
}

/** One change of a document, for the "who typed what" list. */
export interface HistoryEntry extends Author {
  readonly hash: string;
  readonly document: string;
  readonly session: string;
  /** Values as text; none when the field was emptied. */
  readonly sets: readonly { readonly key: string; readonly value?: string }[];
}

export interface NextStatus {
  readonly status: Status;
  readonly needs_reason: boolean;
}

export interface Finding {
  readonly field: string;
  readonly code: string;
  readonly severity: 'error' | 'warning';
}
