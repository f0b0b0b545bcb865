import type { Kind } from '../core/views';
import type { ReceivedChange } from '../core/exchange';
import { CoreError, type Core } from '../core/functions';
import type { AppliedDocument } from '../db/pulled';
import type { Database } from '../db/open';
import { allRefused, readDocuments } from '../db/records';
import type { StoredDocument } from '../db/schema';
import { lineOf } from './row';

/** Documents per call: a save that comes meanwhile waits for one call only. */
const DOCUMENTS_PER_CALL = 24;

/** What of a received change counts here. */
export type NewChange = Pick<ReceivedChange, 'document' | 'kind' | 'hash' | 'change'>;

interface Arrived {
  id: string;
  kind: Kind;
  stored: StoredDocument | undefined;
  changes: NewChange[];
  /** Hashes among `changes` that were refused before and are tried again. */
  again: Set<string>;
}

/**
 * Asks the core to check and apply received changes, document by document. What it refuses comes
 * back as refused and is kept; what makes it trap is found one change at a time. Writes nothing.
 */
export async function applyReceived(
  db: Database,
  core: Core,
  changes: readonly NewChange[],
): Promise<AppliedDocument[]> {
  const arrived = await byDocument(db, changes);
  const applied: AppliedDocument[] = [];
  for (let at = 0; at < arrived.length; at += DOCUMENTS_PER_CALL) {
    applied.push(...(await applySome(core, arrived.slice(at, at + DOCUMENTS_PER_CALL))));
  }
  return applied;
}

async function byDocument(db: Database, changes: readonly NewChange[]): Promise<Arrived[]> {
  const groups = new Map<string, NewChange[]>();
  for (const change of changes) {
    const group = groups.get(change.document);
    if (group === undefined) groups.set(change.document, [change]);
    else group.push(change);
  }
  const waiting = await allRefused(db);
  const stored = await readDocuments(db, [...groups.keys()]);
  return [...groups].flatMap(([id, group], index) => {
    const had = new Set(stored[index]?.hashes);
    const fresh = group.filter(({ hash }) => !had.has(hash));
    const [first] = fresh;
    if (first === undefined) return [];
    const known = new Set(fresh.map(({ hash }) => hash));
    // What was refused because something was missing may pass now.
    const old = waiting.filter(({ document, hash }) => document === id && !known.has(hash));
    const again = new Set(old.map(({ hash }) => hash));
    return [{ id, kind: first.kind, stored: stored[index], changes: [...fresh, ...old], again }];
  });
}

async function applySome(core: Core, arrived: readonly Arrived[]): Promise<AppliedDocument[]> {
  if (arrived.length === 0) return [];
  try {
    return await askCore(core, arrived);
  } catch (error) {
    if (!isTrap(error)) throw error;
    const [only] = arrived;
    if (arrived.length > 1 || only === undefined) {
      const alone: AppliedDocument[] = [];
      for (const one of arrived) alone.push(...(await applySome(core, [one])));
      return alone;
    }
    return [await changeByChange(core, only)];
  }
}

async function askCore(core: Core, arrived: readonly Arrived[]): Promise<AppliedDocument[]> {
  const { documents } = await core.call('documents_apply', {
    documents: arrived.map(({ id, kind, stored, changes }) => ({
      id,
      kind,
      have: stored?.changes ?? [],
      add: changes.map(({ change }) => change),
    })),
  });
  return arrived.map((one, at) => {
    const answer = documents[at];
    if (answer?.id !== one.id) throw new CoreError('core_message', 'documents in another order');
    return outcome(one, answer.view, answer.accepted, answer.refused);
  });
}

/** After a trap: the longest way, so that one poisonous change does not take others with it. */
async function changeByChange(core: Core, arrived: Arrived): Promise<AppliedDocument> {
  const accepted: number[] = [];
  const refused: { index: number; code: string }[] = [];
  let view = arrived.stored?.view ?? null;
  for (const [index, change] of arrived.changes.entries()) {
    const before = accepted.flatMap((at) => arrived.changes[at]?.change ?? []);
    try {
      const { documents } = await core.call('documents_apply', {
        documents: [
          {
            id: arrived.id,
            kind: arrived.kind,
            have: [...(arrived.stored?.changes ?? []), ...before],
            add: [change.change],
          },
        ],
      });
      const answer = documents[0];
      if (answer?.accepted.length === 1) {
        accepted.push(index);
        view = answer.view;
      } else {
        refused.push({ index, code: answer?.refused[0]?.code ?? 'not_applied' });
      }
    } catch (error) {
      if (!isTrap(error)) throw error;
      refused.push({ index, code: 'core_trapped' });
    }
  }
  return outcome(arrived, view, accepted, refused);
}

function isTrap(error: unknown): boolean {
  return error instanceof CoreError && error.code === 'core_trapped';
}

function outcome(
  { id, kind, stored, changes, again }: Arrived,
  view: AppliedDocument['view'],
  accepted: readonly number[],
  refused: readonly { index: number; code: string }[],
): AppliedDocument {
  return {
    id,
    kind,
    read: stored?.changes.length ?? 0,
    accepted: accepted.flatMap((at) => {
      const change = changes[at];
      return change === undefined ? [] : [{ hash: change.hash, change: change.change }];
    }),
    passed: accepted.flatMap((at) => {
      const hash = changes[at]?.hash ?? '';
      return again.has(hash) ? [`${id}/${hash}`] : [];
    }),
    view,
    row: view === null ? null : lineOf(view),
    refused: refused.flatMap(({ index, code }) => {
      const change = changes[index];
      if (change === undefined) return [];
      return [{ key: `${id}/${change.hash}`, document: id, kind, hash: change.hash, code, change: change.change }];
    }),
  };
}
