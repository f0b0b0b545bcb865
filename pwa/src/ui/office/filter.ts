import type { ApplicationFilter } from '../../actions/office/look';
import { replaceQuery, route } from '../../lib/router.svelte.ts';

/** The filter stands in the address: going back from a record finds the same list. */
export function filterFromAddress(): ApplicationFilter {
  const { query } = route();
  const text = (key: string): string => query.get(key) ?? '';
  return {
    day: text('hari'),
    status: text('status'),
    agency: text('instansi'),
    q: text('q'),
    attention: text('perhatian') === '1',
    page: Math.max(1, Math.floor(Number(text('halaman'))) || 1),
  };
}

export function applyFilter(filter: ApplicationFilter): void {
  replaceQuery({
    hari: filter.day,
    status: filter.status,
    instansi: filter.agency,
    q: filter.q,
    perhatian: filter.attention ? '1' : '',
    halaman: filter.page > 1 ? String(filter.page) : '',
  });
}
