import { ApiError } from '../../api/client';
import { login, logout, whoAmI, type Account } from '../../api/office';
import { getSite, type Site } from '../../api/public';
import { setRegency } from '../../i18n/format';
import { Resource } from '../../lib/resource.svelte.ts';

export type { Account };

export const officeSite = new Resource<Site>(async () => {
  const site = await getSite();
  setRegency(site.regency);
  return site;
});

/** `undefined` until the server has said who is signed in; `null` when nobody is. */
let account = $state.raw<Account | null | undefined>(undefined);

export function signedIn(): Account | null | undefined {
  return account;
}

/** Only these see the office; an officer's account works at /petugas. */
export function maySeeOffice(who: Account): boolean {
  return who.roles.includes('supervisor') || who.roles.includes('admin');
}

export async function resume(): Promise<void> {
  try {
    account = await whoAmI();
  } catch {
    // Not signed in, or not reachable: either way the next step is the sign-in page.
    account = null;
  }
}

/** Fails with LOGIN_WRONG or LOGIN_LOCKED. */
export async function signIn(username: string, password: string): Promise<void> {
  account = await login(username.trim(), password);
}

export async function signOut(): Promise<void> {
  await logout();
  account = null;
}

/** Wraps a call to the office: when the session has ended, the sign-in page comes back. */
export async function guarded<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ApiError && error.code === 'NOT_SIGNED_IN') account = null;
    throw error;
  }
}
