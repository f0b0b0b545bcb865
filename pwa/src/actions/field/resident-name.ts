import { readGroup } from '../../db/records';
import type { Tablet } from './tablet';

/** The spelling the office chose for a resident; undefined when none was chosen. */
export async function residentName(tablet: Tablet, resident: string): Promise<string | undefined> {
  return (await readGroup(tablet.db, resident))?.name;
}
