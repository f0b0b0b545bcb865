import { getDays, getServices, getSite, type AgencyServices, type PublicDay, type Site } from '../../api/public';
import { setRegency } from '../../i18n/format';
import { Resource } from '../../lib/resource.svelte.ts';
import type { Standard } from '../../lib/views';

export type { AgencyServices, PublicDay, Site };

/** Published information, loaded once per start and again when the network returns. */
export const site = new Resource<Site>(async () => {
  const loaded = await getSite();
  setRegency(loaded.regency);
  return loaded;
});

export const services = new Resource<readonly AgencyServices[]>(
  async () => (await getServices()).agencies,
);

export const days = new Resource<readonly PublicDay[]>(async () =>
  [...(await getDays()).days].sort((a, b) => a.date.localeCompare(b.date)),
);

export function loadPublished(): void {
  for (const resource of [site, services, days]) void resource.reload();
}

/** The published service and the agency that offers it. */
export function findService(
  agencies: readonly AgencyServices[],
  code: string,
): { agency: AgencyServices; service: Standard } | null {
  for (const agency of agencies) {
    const service = agency.services.find((candidate) => candidate.service === code);
    if (service !== undefined) return { agency, service };
  }
  return null;
}

/** Days from `today` (`YYYY-MM-DD`) on, the nearest first. */
export function upcoming(all: readonly PublicDay[], today: string): readonly PublicDay[] {
  return all.filter((day) => day.date >= today);
}
