import { postRelease, postRetry, type Retried } from '../../api/office';
import { guarded } from './session.svelte.ts';

/** What a supervisor does about tablets and what was held back. */

/** Lets a tablet be wiped although no backup covers it; who and why is kept. */
export async function releaseTablet(device: string, reason: string): Promise<void> {
  await guarded(() => postRelease(device, reason.trim()));
}

/** Tries everything that is held back again. */
export function retryHeld(): Promise<Retried> {
  return guarded(postRetry);
}
