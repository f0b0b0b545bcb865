import type { Bytes } from './bytes';
import type { Kind } from './views';

/** What travels between a tablet and a node, as the core reads and writes it. See `sync/docs/protocol.md`. */

export interface SessionHeader {
  device: string;
  session: string;
  previous: { session: string; frames: number; head: string } | null;
  day: string;
  app_version: string;
  started_at: number;
}

/** A position in the office's log; `rolling` proves that it is still the same log. */
export interface Cursor {
  position: number;
  rolling: string;
  scopes: string[];
}

export interface Hello {
  device: string;
  day: string;
  chains: { session: string; frames: number }[];
  pull: { log: string | null; cursors: Cursor[] } | null;
  /** Bits: 1 = the sum of each scope is wanted, 2 = this tablet keeps cursors of other logs too. */
  flags?: number;
}

export interface ReceivedChange {
  document: string;
  kind: Kind;
  counter: number | null;
  hash: string;
  change: Bytes;
  /** Unix seconds that the writer's clock showed. */
  time: number;
  /** The scopes that list it. */
  scopes: string[];
}

/** A change that the tablet keeps in a frame of its own, which the node only names. */
export interface OwnListed {
  /** Which of the hello's chains, from 0. */
  chain: number;
  frame: number;
  /** Which change of the frame, from 0, over all its saves. */
  index: number;
  scopes: string[];
}

/** A page of the node's log, and how far the tablet has read when it has stored it. */
export interface Page {
  changes: ReceivedChange[];
  yours: OwnListed[];
  cursors: Cursor[];
  /** The node's signature over the names of `changes`; null when there are none. */
  attestation: Bytes | null;
}

/** Sum and number of the changes that a scope lists: 64 hex digits. */
export interface ScopeSum {
  scope: string;
  sum: string;
  count: number;
}

/** A log that another one goes on from, up to a position. */
export interface Ancestor {
  log: string;
  position: number;
  rolling: string;
}

/** One step of comparing a scope, of which the tablet read up to `position`. */
export interface RepairStep {
  scope: string;
  position: number;
  fold: string;
  message: Bytes;
}

/** A batch as it once came down, given back whole; of what was erased meanwhile the names, which is what was signed. */
export interface Offer {
  log: string;
  node: string;
  signature: Bytes;
  entries: (Omit<ReceivedChange, 'time' | 'change'> & { change?: Bytes })[];
}

/** What the office erased by law, as it signed it. */
export interface Erased {
  document: string;
  kind: Kind;
  /** How many changes of it the office held. */
  changes: number;
  /** The scopes that listed it. */
  scopes: string[];
  /** Unix seconds. */
  at: number;
  by: string;
  reason: string;
  signer: string;
}

export interface Held {
  session: string;
  frames: number;
  head: string;
}

/** Which log answers. */
export interface Welcome {
  log: string;
  time: number;
  protocol: number;
  marks: number;
  /** Log position that the newest verified backup covers. */
  backed_up: number;
  backup: 'none' | 'good' | 'old';
  node: string | null;
  /** What this log goes on from, the nearest last; only when the hello named another log. */
  ancestors?: Ancestor[];
}

/** A node's signed word on chains of this tablet. */
export interface Receipt {
  node: string;
  log: string;
  issued_at: number;
  chains: { session: string; frames: number; backed_up: number }[];
  receipt: Bytes;
}

export type SyncRecord =
  | ({ type: 'welcome' } & Welcome)
  | { type: 'holds'; chains: Held[] }
  | { type: 'refused'; session: string; number: number; code: string }
  | { type: 'notice'; document: string; hash: string; code: string }
  | ({ type: 'changes' } & Page)
  | { type: 'digest'; fold: string; sums: ScopeSum[] }
  | { type: 'repair'; scope: string; position: number; message: Bytes }
  | { type: 'want'; scope: string; ids: string[] }
  | ({ type: 'receipt' } & Receipt)
  | { type: 'tombstone'; bytes: Bytes }
  | { type: 'released'; at: number; by: string; reason: string }
  | { type: 'end'; more: boolean };
