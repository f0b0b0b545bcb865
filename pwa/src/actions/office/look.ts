import {
  getApplication,
  getApplications,
  getBackup,
  getHubs,
  getOfficeDays,
  getOfficers,
  getQuarantine,
  getTablets,
  type ApplicationDetail,
  type ApplicationFilter,
  type ApplicationList,
  type Backup,
  type DaySummary,
  type Hub,
  type Officer,
  type QuarantineRow,
  type Tablet,
} from '../../api/office';
import { getServices } from '../../api/public';
import { dayOf } from '../../i18n/format';
import { nowSeconds } from '../../lib/clock';
import { Resource } from '../../lib/resource.svelte.ts';
import type { Agency } from '../../lib/views';
import { guarded } from './session.svelte.ts';

export type {
  ApplicationDetail,
  ApplicationFilter,
  ApplicationList,
  ApplicationRow,
  Attention,
  Backup,
  DaySummary,
  Hub,
  Officer,
  QuarantineRow,
  Release,
  Retried,
  Tablet,
} from '../../api/office';

/** What the supervisor looks at. Each is loaded again every few seconds by its page. */

export const officeDays = new Resource<readonly DaySummary[]>(async () =>
  nearestFirst(await guarded(getOfficeDays), dayOf(nowSeconds())),
);

/** Today and what comes, the nearest first; then what has passed, the latest first. */
export function nearestFirst(days: readonly DaySummary[], today: string): readonly DaySummary[] {
  const byDate = [...days].sort((a, b) => a.date.localeCompare(b.date));
  const coming = byDate.filter((day) => day.date >= today);
  return [...coming, ...byDate.filter((day) => day.date < today).reverse()];
}

export const agencies = new Resource<readonly Agency[]>(
  async () => (await guarded(getServices)).agencies,
);

export const quarantine = new Resource<readonly QuarantineRow[]>(() => guarded(getQuarantine));

export const officers = new Resource<readonly Officer[]>(() => guarded(getOfficers));

export const hubs = new Resource<readonly Hub[]>(() => guarded(getHubs));

/** How the backups stand; the office shows it on every page when it is bad. */
export const backup = new Resource<Backup>(() => guarded(getBackup));

export function applicationList(filter: () => ApplicationFilter): Resource<ApplicationList> {
  return new Resource(() => guarded(() => getApplications(filter())));
}

export function applicationDetail(id: string): Resource<ApplicationDetail> {
  return new Resource(() => guarded(() => getApplication(id)));
}

export function tabletList(day: () => string): Resource<readonly Tablet[]> {
  return new Resource(() => guarded(() => getTablets(day())));
}
