import type { Person } from '../../lib/views';
import { PERSON_KEYS, type PersonKey } from './words';

/** Keys that at least two of the persons have, with different values. */
export function differingKeys(persons: readonly Person[]): readonly PersonKey[] {
  return PERSON_KEYS.filter((key) => {
    const values = persons.map((person) => person[key]).filter((value) => value !== undefined);
    return new Set(values).size > 1;
  });
}
