import type { Person, Standard } from '../lib/views';

/** A person as it stands in the form: everything is text, empty until typed. */
export interface PersonForm {
  nik: string;
  no_nik_reason: string;
  kk: string;
  name: string;
  birth_place: string;
  birth_date: string;
  sex: string;
  village: string;
  dusun: string;
  rt: string;
  rw: string;
  street: string;
  phone: string;
}

export const PERSON_KEYS = [
  'nik',
  'no_nik_reason',
  'kk',
  'name',
  'birth_place',
  'birth_date',
  'sex',
  'village',
  'dusun',
  'rt',
  'rw',
  'street',
  'phone',
] as const satisfies readonly (keyof PersonForm)[];

export type Role = 'applicant' | 'subject' | 'representative';

/** The whole form as typed. Kept as a draft while it is filled in. */
export interface ApplicationForm {
  /** The visit the form belongs to, and the ticket to show. */
  visit: string | null;
  ticket: string;
  /** The resident taken from an earlier registration; null for a new one. */
  resident: string | null;
  service: string;
  applicant: PersonForm;
  subject: PersonForm;
  /** Somebody came in the applicant's place. */
  represented: boolean;
  representative: PersonForm;
  fields: Record<string, string>;
  checks: Record<string, boolean>;
  notes: string;
  /** Warnings the officer looked at and confirmed: "applicant.sex/nik_sex_differs". */
  confirmed: string[];
}

export function emptyPerson(): PersonForm {
  return {
    nik: '',
    no_nik_reason: '',
    kk: '',
    name: '',
    birth_place: '',
    birth_date: '',
    sex: '',
    village: '',
    dusun: '',
    rt: '',
    rw: '',
    street: '',
    phone: '',
  };
}

export function emptyForm(visit: string | null, ticket: string): ApplicationForm {
  return {
    visit,
    ticket,
    resident: null,
    service: '',
    applicant: emptyPerson(),
    subject: emptyPerson(),
    represented: false,
    representative: emptyPerson(),
    fields: {},
    checks: {},
    notes: '',
    confirmed: [],
  };
}

/** The next application of the same person in the same visit: who stays, what is asked for is new. */
export function nextForm(before: ApplicationForm): ApplicationForm {
  return {
    ...emptyForm(before.visit, before.ticket),
    resident: before.resident,
    applicant: before.applicant,
    confirmed: before.confirmed.filter((key) => key.startsWith('applicant.')),
  };
}

/** What an earlier registration says, laid into an empty form. */
export function personForm(person: Person): PersonForm {
  const form = emptyPerson();
  for (const key of PERSON_KEYS) form[key] = person[key] ?? '';
  return form;
}

/** Only what was typed. */
export function personInput(form: PersonForm): Person {
  const typed = PERSON_KEYS.flatMap((key) => (form[key].trim() === '' ? [] : [[key, form[key]]]));
  return Object.fromEntries(typed) as Person;
}

export function isBlank(form: PersonForm): boolean {
  return PERSON_KEYS.every((key) => form[key].trim() === '');
}

/** Worth offering again: something beyond what the app itself put in. */
export function isStarted(form: ApplicationForm): boolean {
  return (
    !isBlank(form.applicant) || form.service !== '' || form.notes !== '' || !isBlank(form.subject)
  );
}

/** Whether the form has a part about somebody else, by the service's standard. */
export function hasSubject(standard: Standard | undefined): boolean {
  return standard?.subject !== undefined;
}

/** How a finding is named when the officer confirms it. */
export function findingKey(role: Role, field: string, code: string): string {
  return `${role}.${field}/${code}`;
}

/** Differences between card and NIK that an officer must have looked at before saving. */
const TO_CONFIRM = new Set(['nik_birth_date_differs', 'nik_sex_differs']);

export function needsConfirming(code: string): boolean {
  return TO_CONFIRM.has(code);
}

/** Last four digits, for lists: the whole number stays out of other people's sight. */
export function maskedNik(nik: string | undefined): string {
  return nik === undefined || nik === '' ? '' : `•••• ${nik.slice(-4)}`;
}
