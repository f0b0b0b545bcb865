import { formatDay, formatPhone, maskNik } from '../../i18n/format';
import { t, type Key } from '../../i18n/office';
import type { ApplicationDetail } from '../../actions/office/look';
import type { Person, Standard } from '../../lib/views';

/** Keys of a person in the order they are read. */
export const PERSON_KEYS = [
  'name',
  'nik',
  'no_nik_reason',
  'kk',
  'birth_place',
  'birth_date',
  'sex',
  'village',
  'dusun',
  'rt',
  'rw',
  'street',
  'phone',
] as const satisfies readonly (keyof Person)[];
export type PersonKey = (typeof PERSON_KEYS)[number];

const PARTS: Readonly<Record<string, Key>> = {
  applicant: 'record.applicant',
  subject: 'record.subject',
  representative: 'record.representative',
};

export function isPersonKey(key: string): key is PersonKey {
  return (PERSON_KEYS as readonly string[]).includes(key);
}

/** What a flat key such as `applicant.name`, `field.reason` or `check/2` is called on the form. */
export function keyLabel(key: string, standard: Standard | null): string {
  const part = key.slice(0, Math.max(0, key.indexOf('.')));
  const rest = key.slice(key.indexOf('.') + 1);
  const partLabel = PARTS[part];
  if (partLabel !== undefined && isPersonKey(rest)) return `${t(partLabel)} · ${t(`person.${rest}`)}`;
  if (isPersonKey(key)) return t(`person.${key}`);
  if (part === 'field') return standard?.fields.find((field) => field.key === rest)?.label ?? rest;
  if (key.startsWith('check/')) return standard?.requirements[Number(key.slice(6))] ?? key;
  return key === 'notes' ? t('record.notes') : key;
}

interface Shown {
  readonly villages: ApplicationDetail['villages'];
  /** Identity numbers are masked unless somebody asked to see them. */
  readonly numbers: boolean;
}

/** A value of a person as it is read: dates, phones, village names, masked numbers. */
export function personValue(key: PersonKey, value: string, shown: Shown): string {
  switch (key) {
    case 'nik':
    case 'kk':
      return shown.numbers ? value : maskNik(value);
    case 'birth_date':
      return formatDay(value);
    case 'phone':
      return formatPhone(value);
    case 'village':
      return shown.villages[value] ?? value;
    case 'sex':
      return value === 'L' || value === 'P' ? t(`sex.${value}`) : value;
    case 'no_nik_reason':
      return noNikReason(value);
    default:
      return value;
  }
}

function noNikReason(value: string): string {
  switch (value) {
    case 'belum_punya':
    case 'bayi':
    case 'tidak_membawa':
      return t(`no_nik.${value}`);
    default:
      return value;
  }
}

/** The value of any flat key, in words. */
export function keyValue(key: string, value: string, shown: Shown): string {
  const rest = key.slice(key.indexOf('.') + 1);
  if (value === '') return t('value.empty');
  if (isPersonKey(rest) && !key.startsWith('field.')) return personValue(rest, value, shown);
  if (value === 'true') return t('value.yes');
  if (value === 'false') return t('value.no');
  return value;
}

/** The letter of a tablet, or the office. */
export function deviceName(device: string): string {
  return device === 'kantor' || device === '' ? t('device.office') : t('device.tablet', { letter: device });
}
