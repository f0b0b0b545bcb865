import type { ResidentView } from '../../core/views';
import { allGroups, readDocument, rowsOfKind, rowsWithNik } from '../../db/records';
import type { Row, StoredGroup } from '../../db/schema';
import { maskedNik } from '../../form/application-form';
import type { Tablet } from './tablet';

/** One person in the result of a search: registrations that are one resident stand as one. */
export interface FoundResident {
  id: string;
  name: string;
  /** Other spellings of the name. */
  spellings: string[];
  nik: string;
  birth_date: string;
  village: string;
  /** A person must still say whether these are one resident. */
  question: boolean;
}

const RESULTS = 12;

interface Cache {
  version: number;
  rows: Row[];
  groups: Map<string, StoredGroup>;
}
const caches = new WeakMap<Tablet, Cache>();

/** Residents whose name, NIK or KK contains every word typed, however it is written. */
export async function findResidents(tablet: Tablet, typed: string): Promise<FoundResident[]> {
  const { key } = await tablet.core.call('search_key', { text: typed });
  if (key === '') return [];
  const words = key.split(' ');
  const { rows, groups } = await residents(tablet);
  const found = new Map<string, FoundResident>();
  for (const row of rows) {
    if (!words.every((word) => row.search.includes(word))) continue;
    const group = groups.get(row.id);
    const shown = group?.key ?? row.id;
    if (!found.has(shown)) found.set(shown, line(row, group));
    if (found.size >= RESULTS) break;
  }
  return [...found.values()];
}

async function residents(tablet: Tablet): Promise<Cache> {
  const version = tablet.data.get();
  const before = caches.get(tablet);
  if (before?.version === version) return before;
  const [rows, groups] = await Promise.all([
    rowsOfKind(tablet.db, 'resident'),
    allGroups(tablet.db),
  ]);
  const cache = { version, rows, groups: new Map(groups.map((group) => [group.resident, group])) };
  caches.set(tablet, cache);
  return cache;
}

function line(row: Row, group: StoredGroup | undefined): FoundResident {
  const name = group?.name ?? row.name;
  return {
    id: row.id,
    name,
    spellings: (group?.names ?? []).filter((spelling) => spelling !== name),
    nik: maskedNik(row.nik),
    birth_date: row.birth_date ?? '',
    village: row.village ?? '',
    question: group?.question ?? false,
  };
}

/** The whole registration, to lay it into a form. */
export async function readResident(tablet: Tablet, id: string): Promise<ResidentView | undefined> {
  const stored = await readDocument(tablet.db, id);
  return stored?.view?.kind === 'resident' ? stored.view : undefined;
}

/** What this tablet already knows of a NIK: the registration, and applications that carry it. */
export async function sameNik(
  tablet: Tablet,
  nik: string,
): Promise<{ resident?: FoundResident; applications: Row[] }> {
  const rows = await rowsWithNik(tablet.db, nik);
  const { groups } = await residents(tablet);
  const resident = rows.find(({ kind }) => kind === 'resident');
  return {
    applications: rows.filter(({ kind }) => kind === 'application'),
    ...(resident === undefined ? {} : { resident: line(resident, groups.get(resident.id)) }),
  };
}
