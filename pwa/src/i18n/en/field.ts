import type { id } from '../id/field';
import type { Sentences } from '../translate';

export const en: Sentences<keyof typeof id> = {
  title: 'Officer',
};
