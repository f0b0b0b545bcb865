import type { Failure } from '../lib/result';
import { id } from './id/shared';
import { t, type Key } from './shared';

/** The sentence for a failure: ours when there is one, else the server's, else a general one. */
export function failureText(failure: Failure): string {
  const key = `error.${failure.code}`;
  if (isKey(key)) return t(key);
  // The server speaks Indonesian only; that is still better than saying nothing.
  if (failure.code !== 'UNEXPECTED' && failure.message !== '') return failure.message;
  return t('error.UNEXPECTED');
}

function isKey(key: string): key is Key {
  return key in id;
}
