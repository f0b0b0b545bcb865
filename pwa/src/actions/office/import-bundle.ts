import { postBundle, type ImportedBundle } from '../../api/office';
import { ApiError } from '../../api/client';
import { toFailure } from '../../lib/failure';
import type { Failure } from '../../lib/result';
import { guarded } from './session.svelte.ts';

export type { ImportedBundle } from '../../api/office';

export type ImportAnswer =
  | { name: string; ok: true; imported: ImportedBundle }
  | { name: string; ok: false; failure: Failure };

/** Characters the office takes; no tablet writes a larger file. */
const LARGEST = 24 * 1024 * 1024;

/** Hands files of tablets to the office, one after the other, and says of each what became of it. */
export async function importBundles(files: readonly File[]): Promise<ImportAnswer[]> {
  const answers: ImportAnswer[] = [];
  for (const file of files) {
    const { name } = file;
    try {
      // A film or a photo that was chosen by mistake is not read into memory.
      const text = file.size > LARGEST ? '' : await file.text();
      answers.push({ name, ok: true, imported: await guarded(() => postBundle(text)) });
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) throw error;
      answers.push({ name, ok: false, failure: toFailure(error) });
    }
  }
  return answers;
}
