import {
  getApplication,
  getApplications,
  getOfficeDays,
  getQuarantine,
  getTablets,
  type ApplicationDetail,
  type ApplicationFilter,
  type ApplicationList,
  type DaySummary,
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
  DaySummary,
  QuarantineRow,
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

export function applicationList(filter: () => ApplicationFilter): Resource<ApplicationList> {
  return new Resource(() => guarded(() => getApplications(filter())));
}

export function applicationDetail(id: string): Resource<ApplicationDetail> {
  return new Resource(() => guarded(() => getApplication(id)));
}

export function tabletList(day: () => string): Resource<readonly Tablet[]> {
  return new Resource(() => guarded(() => getTablets(day())));
}
