import type { Core } from '../core/functions';
import type { ResidentGroup, ResidentView } from '../core/views';
import type { Database } from '../db/open';
import { readDocuments, readGroup, rowsWithNik, ungroupedResidents, writeGroups } from '../db/records';

/** A chain of joins longer than this is followed no further in one go; the next change goes on. */
const ROUNDS = 6;

/** Residents regrouped at a time when the app starts, so that a save never waits long for the core. */
const AT_ONCE = 100;

/**
 * Works out again who is one person with whom, for the residents that changed and everybody they
 * touch: same NIK, same group before, or named in a decision. False when no resident is concerned.
 */
export async function regroup(
  db: Database,
  core: Core,
  changed: readonly string[],
): Promise<boolean> {
  const { residents, read } = await touched(db, changed);
  if (residents.length === 0) return false;
  const { groups } = await core.call('residents_group', { residents });
  const stored = groups.flatMap((group) =>
    group.members
      .filter((member) => read.has(member))
      .map((resident) => ({
        resident,
        key: group.key,
        members: [...group.members],
        question: group.question,
        names: spellings(group),
        ...(group.spelling === undefined ? {} : { name: group.spelling.value }),
      })),
  );
  await writeGroups(db, stored, read);
  return true;
}

/**
 * Groups the residents that changed and were not grouped since. An app that was ended between storing residents and
 * grouping them would otherwise show one person as two until one of the records changes.
 */
export async function regroupLeft(db: Database, core: Core): Promise<boolean> {
  const residents = await ungroupedResidents(db);
  for (let at = 0; at < residents.length; at += AT_ONCE) {
    await regroup(db, core, residents.slice(at, at + AT_ONCE));
  }
  return residents.length > 0;
}

function spellings(group: ResidentGroup): string[] {
  return [...new Set(group.names.map(({ value }) => value))];
}

/** The residents to group together, and how many changes each of them has. */
interface Touched {
  residents: ResidentView[];
  read: Map<string, number>;
}

async function touched(db: Database, changed: readonly string[]): Promise<Touched> {
  const found = new Map<string, ResidentView>();
  const read = new Map<string, number>();
  let next = new Set(changed);
  for (let round = 0; round < ROUNDS && next.size > 0; round += 1) {
    const around = new Set<string>();
    for (const stored of await readDocuments(db, [...next])) {
      if (stored?.view?.kind !== 'resident') continue;
      const resident = stored.view;
      found.set(resident.id, resident);
      read.set(resident.id, stored.changes.length);
      for (const decision of resident.decisions) {
        for (const id of [...decision.with, ...(decision.from ?? [])]) around.add(id);
      }
      for (const id of (await readGroup(db, resident.id))?.members ?? []) around.add(id);
      const nik = resident.person.nik;
      if (nik === undefined) continue;
      for (const row of await rowsWithNik(db, nik)) if (row.kind === 'resident') around.add(row.id);
    }
    next = new Set([...around].filter((id) => !found.has(id)));
  }
  return { residents: [...found.values()], read };
}
