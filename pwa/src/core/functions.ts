import type { Bytes } from './bytes';
import type { CallerFunctions } from './caller';
import type { Erased, Held, Hello, Offer, RepairStep, SessionHeader, SyncRecord } from './exchange';
import type {
  FieldRule,
  Finding,
  HistoryEntry,
  Kind,
  Person,
  ResidentGroup,
  ResidentView,
  Scalar,
  Sex,
  Status,
  View,
} from './views';

/** Who writes, in which session, and where in its chains the next save stands. */
export interface Context {
  session: string;
  counter: number;
  officer: string;
  device: string;
  at: number;
  save_number: number;
  save_previous: string | null;
}

export interface SaveEntry {
  document: string;
  kind: Kind;
  counter: number | null;
  hash: string;
  change: Bytes;
  view: View;
}

/** One save: hash-linked to the one before it in its session; stored all or nothing. */
export interface Save {
  number: number;
  hash: string;
  next_counter: number;
  entries: SaveEntry[];
}

export interface KnownDocument {
  id: string;
  changes: Bytes[];
}

export interface NewApplication {
  day: string;
  service: string;
  standard: number;
  visit?: KnownDocument;
  resident?: KnownDocument;
  applicant: Person;
  subject?: Person;
  representative?: Person;
  fields: Record<string, string>;
  checks: Record<string, boolean>;
  notes?: string;
  ticket?: string;
  tracking?: string;
  random: Bytes;
}

/** What a receipt said of one chain. */
export interface Said {
  office: boolean;
  log: string;
  issued_at: number;
  frames: number;
  backed_up: number;
}

/** What the core can do: name → what goes in, what comes out. See `sync/src/api`. */
export interface CoreFunctions extends CallerFunctions {
  nik_read: {
    in: { nik: string; today: string };
    out: {
      digits: string;
      birth_date: string | null;
      sex: Sex | null;
      region: string | null;
      findings: Finding[];
    };
  };
  person_check: {
    in: {
      person: Person;
      today: string;
      known_villages?: string[];
      required: 'applicant' | 'subject' | 'representative';
    };
    out: { person: Person; findings: Finding[] };
  };
  fields_check: {
    in: { declared: readonly FieldRule[]; values: Record<string, string> };
    out: { shown: string[]; findings: Finding[] };
  };
  ticket_issue: {
    in: { ctx: Context; day: string; letter: string; number: number; random: Bytes };
    out: { save: Save; ticket: string; tracking: string };
  };
  application_register: {
    in: { ctx: Context } & NewApplication;
    out: { save: Save; tracking: string };
  };
  document_edit: {
    in: {
      ctx: Context;
      kind: Kind;
      id: string;
      changes: Bytes[];
      set: Record<string, Scalar>;
    };
    out: { save: Save };
  };
  status_add: {
    in: {
      ctx: Context;
      id: string;
      changes: Bytes[];
      status: Status;
      reason?: string;
      after?: string[];
    };
    out: { save: Save };
  };
  documents_apply: {
    in: { documents: { id: string; kind: Kind; have: Bytes[]; add: Bytes[] }[] };
    out: {
      documents: {
        id: string;
        view: View | null;
        accepted: number[];
        refused: { index: number; code: string; may_pass_later: boolean }[];
      }[];
    };
  };
  document_view: {
    in: { id: string; kind: Kind; changes: Bytes[] };
    out: { view: View; history: HistoryEntry[] };
  };
  residents_group: { in: { residents: ResidentView[] }; out: { groups: ResidentGroup[] } };
  search_key: { in: { text: string }; out: { key: string } };
  next_statuses: {
    in: { current: Status };
    out: { statuses: { status: Status; needs_reason: boolean }[] };
  };
  frame_cut: {
    in: {
      session: string;
      number: number;
      previous: string | null;
      header?: SessionHeader;
      saves: {
        number: number;
        hash: string;
        entries: {
          document: string;
          kind: Kind;
          counter: number | null;
          hash: string;
          /** Absent when the document was erased: only the name is left. */
          change?: Bytes;
        }[];
      }[];
    };
    out: { payload: Bytes; signing: Bytes; hash: string; saves_taken: number };
  };
  frame_seal: { in: { payload: Bytes; signature: Bytes }; out: { frame: Bytes } };
  /** The frame with nothing but names of these documents; null when it has none of them. */
  frame_erase: { in: { frame: Bytes; documents: string[] }; out: { frame: Bytes | null } };
  request_encode: {
    in: {
      hello: Hello;
      frames: Bytes[];
      grants?: Bytes[];
      offers?: Offer[];
      repairs?: RepairStep[];
    };
    out: { body: Bytes };
  };
  response_records: { in: { bytes: Bytes }; out: { records: SyncRecord[]; consumed: number } };
  certificate_verify: {
    in: { root: Bytes; roots: Bytes[]; certificate: Bytes };
    out: { root: Bytes; node: string; role: 'office' | 'hub' | 'root'; name: string; not_after: number };
  };
  revocations_read: {
    in: { list: Bytes; certificate: Bytes };
    out: { issued_at: number; revoked: { device: string; at: number }[] };
  };
  tombstone_read: { in: { tombstone: Bytes; certificate: Bytes }; out: Erased };
  enter_signing: { in: { log: string; nonce: Bytes }; out: { signing: Bytes } };
  push_plan: {
    in: { chains: { session: string; frames: string[] }[]; holds: Held[] };
    out: {
      send: { session: string; from: number }[];
      confirmed: { session: string; frames: number }[];
      /** The node holds something else than we have. */
      forked: string[];
      /** Beside what it has of ours it holds something else under one of our numbers. */
      split: string[];
    };
  };
  receipt_verify: {
    in: { receipt: Bytes; public_key: Bytes; chains: { session: string; frames: string[] }[] };
    out: { valid: boolean; code?: string };
  };
  /** Which of the receipts were signed before what is known. */
  receipts_older: { in: { pairs: { said: Said; known: Said }[] }; out: { older: boolean[] } };
  bundle_seal: {
    in: { office_key: Bytes; ephemeral: Bytes; device_key: Bytes; body: Bytes };
    out: { payload: Bytes; signing: Bytes };
  };
  bundle_finish: { in: { payload: Bytes; signature: Bytes }; out: { text: string } };
}

export type CoreName = keyof CoreFunctions;

/** The core as everybody else sees it: in a worker in the browser, in-process in tests. */
export interface Core {
  call<N extends CoreName>(
    name: N,
    params: CoreFunctions[N]['in'],
  ): Promise<CoreFunctions[N]['out']>;
}

/** The core said no (`code` is stable English), or it trapped (`core_trapped`). */
export class CoreError extends Error {
  constructor(
    readonly code: string,
    readonly detail = '',
  ) {
    super(detail === '' ? code : `${code}: ${detail}`);
    this.name = 'CoreError';
  }
}
