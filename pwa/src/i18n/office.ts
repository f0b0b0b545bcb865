import { en } from './en/office';
import { id } from './id/office';
import { translator } from './translate';

/** Sentences of the office part. Each door has its own file, so that no door loads another's words. */
export const t = translator(id, en);
export type Key = keyof typeof id;
