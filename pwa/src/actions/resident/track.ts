import { ApiError } from '../../api/client';
import { getTracked, type Tracked } from '../../api/public';
import { toFailure } from '../../lib/failure';
import type { Failure } from '../../lib/result';

export type { Tracked };

/** What a tracking code is answered with. */
export type TrackOutcome =
  | { readonly kind: 'found'; readonly tracked: Tracked }
  /** Well-formed, but the tablet has not met the office yet. */
  | { readonly kind: 'not_arrived'; readonly tryAfter: string | number | null; readonly phone: string | null }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'failed'; readonly failure: Failure };

export async function track(code: string): Promise<TrackOutcome> {
  try {
    return { kind: 'found', tracked: await getTracked(code) };
  } catch (error) {
    return outcomeOf(error);
  }
}

function outcomeOf(error: unknown): TrackOutcome {
  if (error instanceof ApiError && error.code === 'TRACKING_NOT_ARRIVED') {
    const { try_after: after, phone } = error.details;
    return {
      kind: 'not_arrived',
      tryAfter: typeof after === 'string' || typeof after === 'number' ? after : null,
      phone: typeof phone === 'string' && phone !== '' ? phone : null,
    };
  }
  if (error instanceof ApiError && error.code === 'TRACKING_MALFORMED') return { kind: 'malformed' };
  return { kind: 'failed', failure: toFailure(error) };
}
