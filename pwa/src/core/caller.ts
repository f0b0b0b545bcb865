import type { Bytes } from './bytes';
import type { Ancestor, Cursor, OwnListed, RepairStep, ScopeSum } from './exchange';

/** A change as the comparison of a scope names it. */
export interface ChangeName {
  document: string;
  hash: string;
  /** Unix seconds that the writer's clock showed. */
  time: number;
}

/** A scope lists a change. */
export interface Listing extends ChangeName {
  scope: string;
}

type Name = Omit<ChangeName, 'time'>;

/** The tablet's half of an exchange: what a page lists, whether both sides hold the same, what to do if not. */
export interface CallerFunctions {
  page_take: {
    in: {
      changes: (ChangeName & { scopes: string[] })[];
      yours: OwnListed[];
      /** One for each chain of the hello: how many of our frames the node said it holds. */
      chains: { held: number; forked: boolean }[];
      /** The frames that `yours` names. */
      frames: { chain: number; frame: number; bytes: Bytes }[];
    };
    /** Not taken: these chains of the hello are not ours as the node has them. */
    out: { taken: true; listings: Listing[] } | { taken: false; chains: number[] };
  };
  /** `gone` was listed and is counted out, because it was erased. */
  sums_add: {
    in: { sums: ScopeSum[]; listings: (Name & { scope: string })[]; gone?: (Name & { scope: string })[] };
    out: { sums: ScopeSum[] };
  };
  attestation_verify: {
    in: { log: string; public_key: Bytes; entries: Name[]; attestation: Bytes };
    out: { valid: boolean };
  };
  digest_compare: {
    in: { own: ScopeSum[]; asked: string[]; fold: string; sums: ScopeSum[]; settled: string[] };
    out: { verdict: 'equal' | 'ask_sums' } | { verdict: 'repair' | 'differs'; scopes: string[] };
  };
  repair_begin: {
    in: { scope: string; position: number; items: ChangeName[] };
    out: { repair: RepairStep };
  };
  repair_answer: {
    in: { scope: string; position: number; items: ChangeName[]; message: Bytes };
    out: { repair: RepairStep | null };
  };
  offers_choose: {
    in: {
      ancestors: Ancestor[];
      compared: string[];
      wanted: string[];
      batches: { id: number; log: string; position: number; entries: Name[]; scopes: string[] }[];
    };
    out: { offer: number[]; nowhere: string[] };
  };
  /** Which batches are now known to be in the office's log, because nothing differs in their scopes. */
  batches_arrived: {
    in: {
      batches: { id: number; log: string; position: number; scopes: string[] }[];
      log: string;
      equal: string[];
    };
    out: { arrived: number[] };
  };
  batches_drop: {
    in: {
      batches: { id: number; log: string; position: number; changes: number }[];
      log: string;
      ancestors: Ancestor[];
      backed_up: number;
    };
    out: { drop: number[]; over: number[] };
  };
  cursors_adopt: {
    in: { log: string; ancestors: Ancestor[]; known: { log: string; cursors: Cursor[] }[] };
    out: { from: string | null; cursors: Cursor[]; forgot: boolean };
  };
  chains_to_name: {
    in: {
      chains: { session: string; frames: number; confirmed: number; backed_up: number; forked: boolean }[];
      all: boolean;
      marks_moved: boolean;
      open: string[];
    };
    out: { chains: { session: string; frames: number }[] };
  };
}
