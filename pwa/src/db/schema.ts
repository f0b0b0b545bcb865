import type { DBSchema } from 'idb';
import type { Bytes } from '../core/bytes';
import type { Ancestor, Cursor, ScopeSum } from '../core/exchange';
import type { DayView, Kind, Status, View } from '../core/views';

/**
 * What the tablet keeps. One store per noun; a key pair is [session, number].
 * Only this folder reads or writes IndexedDB.
 */
export interface FieldSchema extends DBSchema {
  meta: { key: MetaKey; value: MetaValue };
  documents: { key: string; value: StoredDocument };
  rows: {
    key: string;
    value: Row;
    indexes: {
      kind: string;
      unsent: string;
      nik: string;
      visit: string;
      resident: string;
      newest: [string, number];
      newest_of_day: [string, string, number];
      waiting: string;
      ungrouped: number;
    };
  };
  sessions: { key: string; value: StoredSession; indexes: { order: number } };
  saves: {
    key: [string, number];
    value: StoredSave;
    indexes: { uncut: [string, number]; unconfirmed: [string, number] };
  };
  frames: { key: [string, number]; value: StoredFrame; indexes: { unconfirmed: [string, number] } };
  drafts: { key: string; value: StoredDraft };
  notices: { key: string; value: StoredNotice; indexes: { document: string } };
  refused: { key: string; value: RefusedChange; indexes: { document: string } };
  groups: { key: string; value: StoredGroup };
  receipts: { key: [string, string]; value: StoredReceipt };
  listed: { key: [string, string, string, string]; value: StoredListing };
  sums: { key: string; value: StoredSums };
  batches: { key: number; value: StoredBatch };
  tombstones: { key: string; value: StoredTombstone };
}

export type StoreName =
  | 'meta'
  | 'documents'
  | 'rows'
  | 'sessions'
  | 'saves'
  | 'frames'
  | 'drafts'
  | 'notices'
  | 'refused'
  | 'groups'
  | 'receipts'
  | 'listed'
  | 'sums'
  | 'batches'
  | 'tombstones';

/** Facts of which there is one. */
export interface Meta {
  /** The officer signed in on this tablet; kept for the day's work without network. */
  account: Account;
  /** The pair that signs frames. The private half cannot be exported. */
  device_keys: CryptoKeyPair;
  /** The day this tablet is prepared for. */
  prepared: PreparedDay;
  /** Where the pull stands in the office's log. Written with the changes, never without. */
  pulled: Pulled;
  /** Who is no longer believed, by the office's newest signed list. */
  revoked: { issued_at: number; devices: string[] };
  /** Later certificates of the office than the one this tablet was prepared with, as they were learnt. */
  offices: LaterOffice[];
  /** Highest queue number issued per day, so that no number is issued twice. */
  ticket_numbers: Record<string, number>;
  /** The regency's villages and its public facts, as downloaded. */
  regions: Regions;
  site: Site;
  /** What the browser answered when asked to keep the storage. */
  persistence: Persistence;
  /** Per log: its marks when it was last asked about every session. Other marks mean: ask again. */
  marks: Record<string, number>;
  /** Whether the backups of the office are in order, as it said last. */
  backup: BackupState;
  /** A supervisor let this tablet be wiped before a backup covers it. */
  released: Release;
}
export type MetaKey = keyof Meta;

/** A certificate of the office, and those of later root keys that lead to who signed it. All base64url. */
export interface LaterOffice {
  certificate: string;
  roots: string[];
}
export type MetaValue = Meta[MetaKey];

export interface Account {
  username: string;
  display_name: string;
  roles: string[];
  agency?: string;
}

/** Where the pull stands in the log of the node spoken to last, and in those of others: hub and office in turn. */
export interface Pulled {
  log: string;
  cursors: Cursor[];
  others?: Record<string, Cursor[]>;
}

export interface PreparedDay {
  device: string;
  label: string;
  device_name: string;
  day: DayView;
  scopes: string[];
  log: string;
  /** True once everything of the day was downloaded. */
  complete: boolean;
  /** The signed grant, the certificate of the office that signed it and the pinned root key, base64url. */
  grant?: string;
  certificate?: string;
  root?: string;
  /** The office's key for bundle files; a tablet prepared by an older app has none. */
  bundle_key?: string;
}

export interface Regions {
  regency: { code: string; name: string };
  local_word: string;
  districts: { code: string; name: string; villages: { code: string; name: string; kind: string }[] }[];
}

export interface Site {
  name: string;
  regency: string;
  regency_name: string;
  phone: string;
  local_village_word: string;
  demo: boolean;
}

export interface Release {
  at: number;
  by: string;
  reason: string;
}

export type BackupState = 'none' | 'good' | 'old';
export type Persistence = 'granted' | 'refused' | 'unknown';

/** A document: its changes as they came, and the view the core made of them. */
export interface StoredDocument {
  id: string;
  kind: Kind;
  hashes: string[];
  changes: Bytes[];
  view: View | null;
}

/** The line of a list. Made from the view; can be dropped and made again, `unsent` apart. */
export interface Row {
  id: string;
  kind: Kind;
  day?: string;
  ticket?: string;
  tracking?: string;
  name: string;
  subject?: string;
  nik?: string;
  birth_date?: string;
  village?: string;
  service?: string;
  status?: Status;
  status_conflict: boolean;
  field_conflicts: number;
  visit?: string;
  resident?: string;
  /** The day in whose queue a visit stands: nobody was registered in it yet. */
  waiting?: string;
  /** A resident that changed and was not grouped since, by the time of the change. */
  ungrouped?: number;
  search: string;
  officer: string;
  device: string;
  created_at: number;
  updated_at: number;
  /** Keys ('session/number') of the saves of this tablet that the office has not confirmed. */
  unsent: string[];
}

/** One start of the app. Its chain is never continued by another start. */
export interface StoredSession {
  session: string;
  /** Counts starts on this tablet. */
  order: number;
  device: string;
  day: string;
  app_version: string;
  started_at: number;
  next_counter: number;
  next_save: number;
  last_save_hash: string | null;
  /** Hash of every frame cut, in order. */
  frames: string[];
  /** Frames that the node asked last holds: the office, or the van's hub. */
  confirmed: number;
  /** Of them, those the office holds; absent while no hub was ever asked. */
  office?: number;
  /** Of those, the ones in a good backup of the office. */
  backed_up?: number;
  /** A node holds something else of it than this tablet: it is named with no frames, so that it comes whole. */
  forked?: true;
}

export interface SavedChange {
  document: string;
  kind: Kind;
  counter: number | null;
  hash: string;
  /** Absent once the frame that carries it is cut, which has the bytes, or the document was erased. */
  change?: Bytes;
}

export interface StoredSave {
  session: string;
  number: number;
  hash: string;
  entries: SavedChange[];
  /** The frame that carries this save; null until one is cut. */
  frame: number | null;
  /** [session order, number], present only until the save is cut into a frame. */
  uncut?: [number, number];
  /** [session order, number], present only until the office confirmed the frame. */
  unconfirmed?: [number, number];
}

/** A signed frame: made durable before its first byte is sent, and never made again. */
export interface StoredFrame {
  session: string;
  number: number;
  hash: string;
  bytes: Bytes;
  /** First and last save it carries. */
  saves: [number, number];
  unconfirmed?: [number, number];
}

/** A form as typed. `form` belongs to the action that wrote it. */
export interface StoredDraft {
  id: string;
  day: string;
  updated_at: number;
  form: unknown;
}

/** What a node signed about one session of this tablet, the newest of each. */
export interface StoredReceipt {
  node: string;
  session: string;
  log: string;
  issued_at: number;
  /** Frames held, and of those the ones in a verified backup. */
  frames: number;
  backed_up: number;
  /** As it was signed; may speak of other sessions too. */
  receipt: Bytes;
}

/** A scope of a node's log lists a change, which this tablet holds. */
export interface StoredListing {
  /** Which list: see `StoredSums`. */
  list: string;
  scope: string;
  document: string;
  hash: string;
  /** Unix seconds that the writer's clock showed. */
  time: number;
}

/** What a log listed, summed up. Written with the listings, never taken from the node. */
export interface StoredSums {
  log: string;
  /** The name of its listings: that of the first log of a lineage, which a restored office goes on with. */
  list: string;
  sums: ScopeSum[];
  /** What this log goes on from, as a node said when it was met first. */
  ancestors?: Ancestor[];
  /** It lacks something that was read in those, and was not given everything back. */
  lacks?: true;
}

/** A whole page of the office with its signature, kept until a backup covers it. The bytes are with the documents. */
export interface StoredBatch {
  id: number;
  /** The log that signed it. */
  log: string;
  node: string;
  signature: Bytes;
  /** The log that is known to have it, and the position there at or before which everything in it stands. */
  place: { log: string; position: number };
  entries: ListedChange[];
}

export interface ListedChange {
  document: string;
  kind: Kind;
  counter: number | null;
  hash: string;
  scopes: string[];
}

/** What is left of a document that the office erased by law: it says nothing about the person. Stays for ever. */
export interface StoredTombstone {
  document: string;
  kind: Kind;
  /** Unix seconds. */
  at: number;
  by: string;
  reason: string;
  /** As it was signed. */
  bytes: Bytes;
}

/** The office keeps a change but has not accepted it. */
export interface StoredNotice {
  key: string;
  document: string;
  hash: string;
  code: string;
}

/** A received change this tablet's core would not apply. Kept, shown, never dropped. */
export interface RefusedChange {
  key: string;
  document: string;
  kind: Kind;
  hash: string;
  code: string;
  change: Bytes;
}

/** To whom a resident's row belongs, and the name to show. */
export interface StoredGroup {
  resident: string;
  key: string;
  members: string[];
  question: boolean;
  name?: string;
  names: string[];
}

/** The text key of a save, as rows name it. */
export function saveKey(session: string, number: number): string {
  return `${session}/${String(number)}`;
}
