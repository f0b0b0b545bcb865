import { t } from '../../../i18n/field';
import type { Scalar } from '../../../lib/views';
import { reasonWords } from '../parts/words';

/** A stored value as people read it. */
export function valueWords(key: string, value: Scalar | undefined): string {
  if (value === null || value === undefined || value === '') return t('record.empty');
  if (value === true || value === 'true') return t('serve.yes');
  if (value === false || value === 'false') return t('serve.no');
  if (key.endsWith('.sex') && (value === 'L' || value === 'P')) return t(`person.sex.${value}`);
  if (key.endsWith('.no_nik_reason')) return reasonWords(String(value));
  return String(value);
}
