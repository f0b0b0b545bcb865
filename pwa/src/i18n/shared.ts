import { en } from './en/shared';
import { id } from './id/shared';
import { translator } from './translate';

/** Sentences of the shared part. Each door has its own file, so that no door loads another's words. */
export const t = translator(id, en);
export type Key = keyof typeof id;
