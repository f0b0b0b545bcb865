import type { id } from '../id/office';
import type { Sentences } from '../translate';

export const en: Sentences<keyof typeof id> = {
  title: 'Office',
};
