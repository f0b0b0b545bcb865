import { issueTicket } from '../actions/field/issue-ticket';
import { registerApplication } from '../actions/field/register-application';
import type { Cursor, ReceivedChange } from '../core/exchange';
import { testCore } from '../core/testing';
import { emptyForm, personForm } from '../form/application-form';
import { changesOf, TestOffice } from './office';
import { STANDARD } from './standard';
import { testTablet, type TestTablet } from './tablet';

/** What tests of the exchange share: a tablet with its office, and records on it. */

export const CURSORS: Cursor[] = [{ position: 7, rolling: '0102030405060708', scopes: ['everyone'] }];

/** A tablet, and the office it talks to. */
export async function tabletAtOffice(): Promise<{ office: TestOffice; tablet: TestTablet }> {
  const office = new TestOffice(await testCore());
  const tablet = await testTablet(office.post, undefined, office.core);
  office.watches(tablet.db);
  return { office, tablet };
}

/** One whole round, and nothing after it. */
export async function sync({ loop }: TestTablet): Promise<void> {
  await loop.now();
  loop.stop();
}

/** Registers somebody without a NIK. Returns the application. */
export async function register(on: TestTablet, name: string): Promise<string> {
  const { visit, ticket } = await issueTicket(on, {});
  const form = emptyForm(visit, ticket);
  form.applicant = personForm({
    no_nik_reason: 'belum_punya',
    name,
    village: '16.04.12.2025',
  });
  const answer = await registerApplication(on, form, STANDARD, visit);
  if (!answer.ok) throw new Error(answer.reason);
  return answer.application;
}

/** What another tablet of the same day wrote. */
export async function elsewhere(names: readonly string[]): Promise<ReceivedChange[]> {
  const other = await testTablet();
  for (const name of names) await register(other, name);
  return changesOf(other.db);
}
