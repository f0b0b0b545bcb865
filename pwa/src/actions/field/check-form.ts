import type { Finding, Person, Standard } from '../../core/views';
import {
  findingKey,
  isBlank,
  needsConfirming,
  personInput,
  type ApplicationForm,
  type PersonForm,
  type Role,
} from '../../form/application-form';
import { today } from '../../lib/clock';
import type { Tablet } from './tablet';
import { villages } from './villages';

/** A finding with the part of the form it belongs to. `field` is empty for the service itself. */
export interface FormFinding extends Finding {
  role: Role | 'fields' | 'service';
  /** The name under which the officer confirms it. */
  key: string;
  /** Stops the save until the officer has confirmed it. */
  toConfirm: boolean;
}

export interface CheckedForm {
  findings: FormFinding[];
  /** Declared fields that are asked for now. */
  shown: string[];
  people: Partial<Record<Role, Person>>;
}

/** Looks at the whole form as the core sees it. */
export async function checkForm(
  tablet: Tablet,
  form: ApplicationForm,
  standard: Standard | undefined,
): Promise<CheckedForm> {
  const checked: CheckedForm = { findings: [], shown: [], people: {} };
  for (const role of rolesOf(form, standard)) {
    const { person, findings } = await checkPerson(tablet, form[role], role);
    checked.people[role] = person;
    checked.findings.push(...findings.map((finding) => formFinding(finding, role)));
  }
  if (standard === undefined) {
    checked.findings.push(
      formFinding({ field: 'service', code: 'service_missing', severity: 'error' }, 'service'),
    );
    return checked;
  }
  const { shown, findings } = await checkFields(tablet, standard, form.fields);
  checked.shown = shown;
  checked.findings.push(...findings);
  return checked;
}

/** Which declared fields are asked for with these values, and what the core says of them. */
export async function checkFields(
  tablet: Tablet,
  standard: Standard,
  values: Record<string, string>,
): Promise<{ shown: string[]; findings: FormFinding[] }> {
  const { shown, findings } = await tablet.core.call('fields_check', {
    declared: standard.fields,
    values,
  });
  return { shown, findings: findings.map((finding) => formFinding(finding, 'fields')) };
}

/** Errors, and warnings that wait for a look: what keeps the form from being saved. */
export function blocking(findings: readonly FormFinding[], form: ApplicationForm): FormFinding[] {
  return findings.filter(
    ({ severity, toConfirm, key }) =>
      severity === 'error' || (toConfirm && !form.confirmed.includes(key)),
  );
}

export async function checkPerson(
  tablet: Tablet,
  form: PersonForm,
  role: Role,
): Promise<{ person: Person; findings: Finding[] }> {
  return tablet.core.call('person_check', {
    person: personInput(form),
    today: today(),
    known_villages: (await villages(tablet)).map(({ code }) => code),
    required: role,
  });
}

/** Birth date, sex and region that a NIK tells, as soon as it can be read. */
export async function readNik(
  tablet: Tablet,
  nik: string,
): Promise<{ birth_date: string; sex: string; region: string; findings: Finding[] }> {
  const read = await tablet.core.call('nik_read', { nik, today: today() });
  const { birth_date, sex, region, findings } = read;
  return { birth_date: birth_date ?? '', sex: sex ?? '', region: region ?? '', findings };
}

function rolesOf(form: ApplicationForm, standard: Standard | undefined): Role[] {
  const roles: Role[] = ['applicant'];
  const subject = standard?.subject;
  if (subject !== undefined && (subject.required || !isBlank(form.subject))) roles.push('subject');
  if (form.represented) roles.push('representative');
  return roles;
}

function formFinding(finding: Finding, role: FormFinding['role']): FormFinding {
  const { field, code } = finding;
  const person = role === 'fields' || role === 'service' ? 'applicant' : role;
  const toConfirm = needsConfirming(code);
  const key = role === person ? findingKey(person, field, code) : `${role}.${field}/${code}`;
  return { ...finding, role, key, toConfirm };
}
