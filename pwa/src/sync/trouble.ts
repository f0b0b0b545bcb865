import { ApiError } from '../api/client';
import { CoreError } from '../core/functions';
import type { Trouble } from './status';

/** The same list for every failed exchange: which error is which trouble. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof ApiError) {
    const { status, code } = error;
    if (status === 401) return { kind: 'sign_in', code };
    if (code === 'HUB_REVOKED') return { kind: 'hub_revoked', code };
    if (code === 'DEVICE_REVOKED') return { kind: 'revoked', code };
    // A full or restarting server, or a stranger's login page, is the same to the officer as no
    // signal: it will be tried again.
    const missing = status === 0 || status >= 500 || status === 429 || code === 'UNREADABLE';
    if (missing) return { kind: 'unreachable', code };
    return { kind: 'refused', code };
  }
  if (error instanceof CoreError) return { kind: 'other', code: error.code };
  if (isStorageError(error)) return { kind: 'storage', code: 'STORAGE_FULL' };
  return { kind: 'other', code: error instanceof Error ? error.name : 'UNKNOWN' };
}

export function isStorageError(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'QuotaExceededError';
}
