import { en } from './en/resident';
import { id } from './id/resident';
import { translator } from './translate';

/** Sentences of the resident part. Each door has its own file, so that no door loads another's words. */
export const t = translator(id, en);
export type Key = keyof typeof id;
