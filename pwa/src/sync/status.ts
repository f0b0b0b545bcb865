import type { BackupState, Release } from '../db/schema';
import { Source, type Signal } from '../lib/signal';
import type { TierCounts } from '../outbox/tiers';

/** What stands in the way of sending. The work on the tablet is safe in every case. */
export type TroubleKind =
  /** No signal, or the office does not answer. */
  | 'unreachable'
  /** The sign-in has ended; sign in again to send. */
  | 'sign_in'
  /** This tablet was taken off the list. */
  | 'revoked'
  /** The van's hub was taken out of service; the office itself still takes what this tablet wrote. */
  | 'hub_revoked'
  /** The office refused a frame or the exchange; `code` says why. */
  | 'refused'
  /** The office holds something else than this tablet wrote: the tablet was copied or rolled back. */
  | 'forked'
  /** A scope differs from the node's although it was repaired. */
  | 'differs'
  /** The tablet's storage is full. */
  | 'storage'
  /** Anything else; `code` is for the helpdesk. */
  | 'other';

export interface Trouble {
  kind: TroubleKind;
  code: string;
}

export interface SyncStatus {
  phase: 'idle' | 'sending' | 'receiving';
  /** Saves the office has not confirmed. */
  unsent: number;
  /** Of this round: saves confirmed so far, and how many there were when it began. */
  sent: number;
  of: number;
  /** Changes received in this round. */
  received: number;
  trouble: Trouble | null;
  /** Changes the office holds back, and changes this tablet could not apply. */
  held: number;
  /** True once the office answered since the app was started. */
  contacted: boolean;
  /** Frames of this tablet by how far they have come. */
  tiers: TierCounts;
  /** A supervisor's word that this tablet may be wiped all the same. */
  released: Release | null;
  /** Whether the office's backups are in order; null before it said so. */
  backup: BackupState | null;
}

export const AT_REST: SyncStatus = {
  phase: 'idle',
  unsent: 0,
  sent: 0,
  of: 0,
  received: 0,
  trouble: null,
  held: 0,
  contacted: false,
  tiers: { tablet: 0, hub: 0, office: 0, backup: 0 },
  released: null,
  backup: null,
};

export type StatusSignal = Signal<SyncStatus>;

export function statusSource(): Source<SyncStatus> {
  return new Source<SyncStatus>(AT_REST);
}
