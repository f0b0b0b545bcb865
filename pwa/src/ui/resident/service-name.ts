import { locale } from '../../i18n/locale.svelte.ts';
import type { Standard } from '../../lib/views';

/** The name in the chosen language; agencies publish the Indonesian one, the other is optional. */
export function serviceName(service: Standard): string {
  return locale() === 'en' && service.name_en ? service.name_en : service.name;
}
