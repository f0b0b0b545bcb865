import { CoreError, type Core, type ReceivedChange } from '../core/functions';
import type { AppliedDocument } from '../db/pulled';
import type { Database } from '../db/open';
import { readDocuments } from '../db/records';
import type { StoredDocument } from '../db/schema';
import { lineOf } from './row';

/** Documents per call: a save that comes meanwhile waits for one call only. */
const DOCUMENTS_PER_CALL = 24;

interface Arrived {
  id: string;
  stored: StoredDocument | undefined;
  changes: ReceivedChange[];
}

/**
 * Asks the core to check and apply received changes, document by document. What it refuses comes
 * back as refused and is kept; what makes it trap is found one change at a time. Writes nothing.
 */
export async function applyReceived(
  db: Database,
  core: Core,
  changes: readonly ReceivedChange[],
): Promise<AppliedDocument[]> {
  const arrived = await byDocument(db, changes);
  const applied: AppliedDocument[] = [];
  for (let at = 0; at < arrived.length; at += DOCUMENTS_PER_CALL) {
    applied.push(...(await applySome(core, arrived.slice(at, at + DOCUMENTS_PER_CALL))));
  }
  return applied;
}

async function byDocument(db: Database, changes: readonly ReceivedChange[]): Promise<Arrived[]> {
  const groups = new Map<string, ReceivedChange[]>();
  for (const change of changes) {
    const group = groups.get(change.document);
    if (group === undefined) groups.set(change.document, [change]);
    else group.push(change);
  }
  const stored = await readDocuments(db, [...groups.keys()]);
  return [...groups].map(([id, group], index) => {
    const had = new Set(stored[index]?.hashes);
    return { id, stored: stored[index], changes: group.filter(({ hash }) => !had.has(hash)) };
  });
}

async function applySome(core: Core, arrived: readonly Arrived[]): Promise<AppliedDocument[]> {
  const open = arrived.filter(({ changes }) => changes.length > 0);
  if (open.length === 0) return [];
  try {
    return await askCore(core, open);
  } catch (error) {
    if (!isTrap(error)) throw error;
    const [only] = open;
    if (open.length > 1 || only === undefined) {
      const alone: AppliedDocument[] = [];
      for (const one of open) alone.push(...(await applySome(core, [one])));
      return alone;
    }
    return [await changeByChange(core, only)];
  }
}

async function askCore(core: Core, arrived: readonly Arrived[]): Promise<AppliedDocument[]> {
  const { documents } = await core.call('documents_apply', {
    documents: arrived.map(({ id, stored, changes }) => ({
      id,
      kind: changes[0]?.kind ?? stored?.kind ?? 1,
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
            kind: change.kind,
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
  { id, stored, changes }: Arrived,
  view: AppliedDocument['view'],
  accepted: readonly number[],
  refused: readonly { index: number; code: string }[],
): AppliedDocument {
  return {
    id,
    kind: changes[0]?.kind ?? stored?.kind ?? 1,
    read: stored?.changes.length ?? 0,
    accepted: accepted.flatMap((at) => {
      const change = changes[at];
      return change === undefined ? [] : [{ hash: change.hash, change: change.change }];
    }),
    view,
    row: view === null ? null : lineOf(view),
    refused: refused.flatMap(({ index, code }) => {
      const change = changes[index];
      if (change === undefined) return [];
      const { document, kind, hash } = change;
      return [{ key: `${document}/${hash}`, document, kind, hash, code, change: change.change }];
    }),
  };
}
