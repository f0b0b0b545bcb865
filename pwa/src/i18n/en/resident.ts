import type { id } from '../id/resident';
import type { Sentences } from '../translate';

export const en: Sentences<keyof typeof id> = {
  title: 'Services',
};
