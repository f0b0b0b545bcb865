import type { CatalogueView, Standard } from '../../core/views';
import { readDocuments, rowsOfKind } from '../../db/records';
import type { Tablet } from './tablet';

export interface AgencyServices {
  code: string;
  name: string;
  short: string;
  services: Standard[];
}

/** Agencies and services of the prepared day, in the day's order; each service's newest standard. */
export async function dayCatalogue(tablet: Tablet): Promise<AgencyServices[]> {
  const day = tablet.facts.get().prepared?.day;
  const offered = day === undefined ? [] : Object.keys(day.services);
  const order = day?.agencies ?? [];
  const agencies = (await catalogues(tablet)).map(({ agency, services }) => ({
    ...agency,
    services: services.filter(({ service }) => offered.length === 0 || offered.includes(service)),
  }));
  const place = (code: string): number => (order.indexOf(code) + order.length + 1) % (order.length + 1);
  return agencies
    .filter(({ code, services }) => services.length > 0 && (order.length === 0 || order.includes(code)))
    .sort((one, other) => place(one.code) - place(other.code));
}

/** The standard an application was taken under, or the newest when that version is not here. */
export async function standardOf(
  tablet: Tablet,
  service: string,
  version: number,
): Promise<Standard | undefined> {
  const all = await catalogues(tablet);
  const versions = all.flatMap(({ services, earlier }) => [...(earlier ?? []), ...services]);
  const same = versions.filter((standard) => standard.service === service);
  return same.find((standard) => standard.version === version) ?? same.at(-1);
}

/** Code → name, for lists. */
export async function serviceNames(tablet: Tablet): Promise<ReadonlyMap<string, string>> {
  const all = await catalogues(tablet);
  return new Map(
    all.flatMap(({ services }) => services.map(({ service, name }) => [service, name] as const)),
  );
}

async function catalogues(tablet: Tablet): Promise<CatalogueView[]> {
  const ids = (await rowsOfKind(tablet.db, 'catalogue')).map(({ id }) => id);
  return (await readDocuments(tablet.db, ids)).flatMap((stored) =>
    stored?.view?.kind === 'catalogue' ? [stored.view] : [],
  );
}
