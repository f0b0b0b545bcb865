import { locale } from '../../i18n/locale.svelte.ts';
import type { Standard } from '../../lib/views';

/** The name in the chosen language; agencies publish the Indonesian one, the other is optional. */
export function serviceName(service: Standard): string {
  return locale() === 'en' && service.name_en ? service.name_en : service.name;
}

/** "1. Ambil tiket. 2. Serahkan berkas." as one line per step; other texts stay one line. */
export function numberedSteps(text: string): string[] {
  return text.startsWith('1. ') ? text.split(/\s+(?=\d{1,2}\. )/) : [text];
}
