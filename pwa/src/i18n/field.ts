import { en } from './en/field';
import { id } from './id/field';
import { translator } from './translate';

/** Sentences of the field part. Each door has its own file, so that no door loads another's words. */
export const t = translator(id, en);
export type Key = keyof typeof id;
