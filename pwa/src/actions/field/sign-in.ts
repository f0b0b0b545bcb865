import { signIn as askSignIn, signOut as askSignOut } from '../../api/field';
import { ApiError } from '../../api/client';
import { forgetAccount, writeMeta } from '../../db/meta';
import type { Tablet } from './tablet';

export type SignInAnswer =
  | { ok: true }
  | { ok: false; reason: 'unreachable' | 'wrong' | 'locked' | 'not_officer' | 'other'; message: string };

/** Signs in at the office. Needs a network, once; the account then stays for the day's work. */
export async function signIn(
  tablet: Tablet,
  username: string,
  password: string,
): Promise<SignInAnswer> {
  try {
    const account = await askSignIn(username.trim(), password);
    if (!account.roles.includes('officer')) {
      return { ok: false, reason: 'not_officer', message: '' };
    }
    await writeMeta(tablet.db, 'account', account);
    tablet.facts.update((facts) => ({ ...facts, account }));
    tablet.loop.nudge();
    return { ok: true };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 0) return { ok: false, reason: 'unreachable', message: '' };
    const reason = error.status === 429 ? 'locked' : error.status === 401 ? 'wrong' : 'other';
    return { ok: false, reason, message: error.message };
  }
}

/** Leaves. The day and everything unsent stay on the tablet; the next officer sends it too. */
export async function signOut(tablet: Tablet): Promise<void> {
  await askSignOut().catch(() => undefined);
  await forgetAccount(tablet.db);
  tablet.facts.update((facts) => ({ ...facts, account: undefined }));
}
