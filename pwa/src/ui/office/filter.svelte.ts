import type { ApplicationFilter } from '../../actions/office/look';
import { replaceQuery, route } from '../../lib/router.svelte.ts';

/** What was typed into the search box: names and numbers of people, so never part of the address. */
let search = $state('');

/** The filter stands in the address, the search beside it: going back from a record finds the same list. */
export function presentFilter(): ApplicationFilter {
  const { query } = route();
  const text = (key: string): string => query.get(key) ?? '';
  return {
    day: text('hari'),
    status: text('status'),
    agency: text('instansi'),
    q: search,
    attention: text('perhatian') === '1',
    page: Math.max(1, Math.floor(Number(text('halaman'))) || 1),
  };
}

export function applyFilter(filter: ApplicationFilter): void {
  search = filter.q;
  replaceQuery({
    hari: filter.day,
    status: filter.status,
    instansi: filter.agency,
    perhatian: filter.attention ? '1' : '',
    halaman: filter.page > 1 ? String(filter.page) : '',
  });
}
