import type { VisitView } from '../../core/views';
import { readDocument, rowsOfVisit, waitingRows } from '../../db/records';
import type { Row } from '../../db/schema';
import { unfinished } from './drafts';
import { lines, type RecordLine } from './records';
import type { Tablet } from './tablet';

export interface Waiting {
  visit: string;
  ticket: string;
  tracking: string;
  created_at: number;
  /** The tablet that issued it. */
  device: string;
}

/** Tickets of the day for which no form was begun yet, in the order of the queue. */
export async function waitingVisits(tablet: Tablet): Promise<Waiting[]> {
  const day = tablet.facts.get().prepared?.day.id;
  if (day === undefined) return [];
  const [visits, drafts] = await Promise.all([waitingRows(tablet.db, day), unfinished(tablet)]);
  const begun = new Set(drafts.map(({ id }) => id));
  return visits
    .filter(({ id }) => !begun.has(id))
    .sort(inQueue)
    .map((row) => ({
      visit: row.id,
      ticket: row.ticket ?? '',
      tracking: row.tracking ?? '',
      created_at: row.created_at,
      device: row.device,
    }));
}

/** Letter by letter, each in the order of its numbers: clocks of two tablets do not agree. */
function inQueue(one: Row, other: Row): number {
  const [a = '', m = ''] = one.ticket?.split('-') ?? [];
  const [b = '', n = ''] = other.ticket?.split('-') ?? [];
  return a.localeCompare(b) || Number(m) - Number(n);
}

export interface Visit {
  visit: VisitView;
  applications: RecordLine[];
}

/** One visit with its applications: for the slip, and for the next application of the person. */
export async function readVisit(tablet: Tablet, id: string): Promise<Visit | undefined> {
  const stored = await readDocument(tablet.db, id);
  if (stored?.view?.kind !== 'visit') return undefined;
  return { visit: stored.view, applications: await lines(tablet, await rowsOfVisit(tablet.db, id)) };
}
