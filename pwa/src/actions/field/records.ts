import { allNotices, newestRows, readGroups, rowsOfKind, unsentRows } from '../../db/records';
import type { Row } from '../../db/schema';
import { tiersOfDocuments, type Tier } from '../../outbox/tiers';
import { maskedNik } from '../../form/application-form';
import type { Status } from '../../lib/views';
import { serviceNames } from './catalogue';
import type { Tablet } from './tablet';

/** Where a record is, for the word that is shown. */
export type Place = Tier | 'held';

export interface RecordLine {
  id: string;
  ticket: string;
  tracking: string;
  name: string;
  subject: string;
  nik: string;
  service: string;
  status: Status;
  conflict: boolean;
  place: Place;
  /** Why the office holds it back, when it does. */
  code: string;
  created_at: number;
}

export type RecordFilter = 'today' | 'unsent' | 'conflict' | 'all';

const SHOWN = 200;

/** Applications for the list, newest first. At most 200, or `most`; the search narrows them. */
export async function listRecords(
  tablet: Tablet,
  filter: RecordFilter,
  typed: string,
  most: number = SHOWN,
): Promise<{ lines: RecordLine[]; total: number }> {
  const { rows, total } = await found(tablet, filter, await wordsOf(tablet, typed), most);
  return { lines: await lines(tablet, rows), total };
}

/** The words to look for, as the core writes them; asking it for none would only cost time. */
async function wordsOf(tablet: Tablet, typed: string): Promise<string[]> {
  if (typed.trim() === '') return [];
  const { key } = await tablet.core.call('search_key', { text: typed });
  return key === '' ? [] : key.split(' ');
}

async function found(
  { db, facts }: Tablet,
  filter: RecordFilter,
  words: readonly string[],
  most: number,
): Promise<{ rows: Row[]; total: number }> {
  const day = facts.get().prepared?.day.id;
  // A list as it opens reads what it shows, however many there are.
  const ofDay = filter === 'today' && day !== undefined;
  if (words.length === 0 && (ofDay || filter === 'all')) return newestRows(db, 'application', ofDay ? day : undefined, most);
  const read = filter === 'unsent' ? unsentRows(db) : rowsOfKind(db, 'application');
  const rows = (await read)
    .filter(({ kind }) => kind === 'application')
    .filter((row) => wanted(row, filter, day) && words.every((word) => row.search.includes(word)))
    .sort((one, other) => other.created_at - one.created_at);
  return { rows: rows.slice(0, most), total: rows.length };
}

function wanted(row: Row, filter: RecordFilter, day: string | undefined): boolean {
  switch (filter) {
    case 'today':
      return row.day === day;
    case 'unsent':
      return row.unsent.length > 0;
    case 'conflict':
      return row.status_conflict || row.field_conflicts > 0;
    case 'all':
      return true;
  }
}

/** Lines with names as the office spells them, and with what the office holds back. */
export async function lines(tablet: Tablet, rows: readonly Row[]): Promise<RecordLine[]> {
  if (rows.length === 0) return [];
  const [names, groups, notices, tiers] = await Promise.all([
    serviceNames(tablet),
    readGroups(tablet.db, rows.flatMap(({ resident }) => resident ?? [])),
    allNotices(tablet.db),
    tiersOfDocuments(tablet.db),
  ]);
  const held = new Map(notices.map(({ document, code }) => [document, code]));
  return rows.map((row) => {
    const code = held.get(row.id) ?? '';
    return {
      id: row.id,
      ticket: row.ticket ?? '',
      tracking: row.tracking ?? '',
      name: groups.get(row.resident ?? '')?.name ?? row.name,
      subject: row.subject ?? '',
      nik: maskedNik(row.nik),
      service: names.get(row.service ?? '') ?? row.service ?? '',
      status: row.status ?? 'received',
      conflict: row.status_conflict || row.field_conflicts > 0,
      place: placeOf(row, code, tiers.get(row.id)),
      code,
      created_at: row.created_at,
    };
  });
}

/** `tier` is of this tablet's own saves; what only others wrote came from the office. */
export function placeOf(row: Pick<Row, 'unsent'>, noticeCode: string, tier: Tier = 'office'): Place {
  if (row.unsent.length > 0) return 'tablet';
  return noticeCode === '' ? tier : 'held';
}
