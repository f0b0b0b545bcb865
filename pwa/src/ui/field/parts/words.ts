import { id } from '../../../i18n/id/field';
import { t, type Key } from '../../../i18n/field';

/** A key of the sentences if there is one; codes of newer servers fall back. */
function known(key: string): key is Key {
  return Object.hasOwn(id, key);
}

/** What a code of the rules means, in words. */
export function findingWords(code: string): string {
  const key = `finding.${code}`;
  return known(key) ? t(key) : t('finding.unknown', { code });
}

/** Why the office holds a change back, in a few words. */
export function heldWords(code: string): string {
  const upper = code.toUpperCase();
  if (upper.includes('SCOPE') || upper.includes('DAY')) return t('held.scope');
  if (upper.startsWith('CHANGE') || upper.includes('MALFORMED')) return t('held.invalid');
  return t('held.unknown', { code });
}

/** Why a change is held back and what to do about it; the code for those this version does not know. */
export function heldAdvice(code: string): string {
  const key = `held.${code.toLowerCase()}`;
  return known(key) ? t(key) : t('held.other', { code });
}

/** Why somebody has no NIK. */
export function reasonWords(reason: string): string {
  const key = `no_nik.${reason}`;
  return known(key) ? t(key) : reason;
}

/** "Desa", or what the regency says instead. */
export function villageWord(word: string): string {
  return word === '' ? t('person.village.word') : word.charAt(0).toUpperCase() + word.slice(1);
}

/** What a key of an application is called on the form. */
export function keyWords(
  key: string,
  labels: {
    fields: ReadonlyMap<string, string>;
    requirements: readonly string[];
    village: string;
  },
): string {
  const [part = '', name = ''] = key.split(/[./](.*)/s);
  if (part === 'field') return labels.fields.get(name) ?? name;
  if (part === 'check') return labels.requirements[Number(name)] ?? name;
  if (part === 'notes') return t('serve.notes');
  if (name === 'no_nik_reason') return t('person.no_nik');
  const field = `person.${name}`;
  if (!known(field)) return key;
  const who =
    part === 'subject'
      ? t('serve.subject.default')
      : part === 'representative'
        ? t('serve.representative')
        : t('serve.applicant');
  const label = name === 'village' ? labels.village : t(field);
  return `${who}: ${label}`;
}
