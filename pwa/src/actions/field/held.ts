import { allNotices, allRefused, readRow } from '../../db/records';
import type { Kind } from '../../core/views';
import type { Tablet } from './tablet';

/** A change that is kept but not in use: at the office, or here because this tablet cannot read it. */
export interface HeldLine {
  key: string;
  document: string;
  where: 'office' | 'tablet';
  code: string;
  kind: Kind | undefined;
  ticket: string;
  name: string;
}

/** What is held back of this tablet's work, and what it could not read of others. */
export async function listHeld({ db }: Tablet): Promise<HeldLine[]> {
  const [notices, refused] = await Promise.all([allNotices(db), allRefused(db)]);
  const found = [
    ...notices.map((notice) => ({ ...notice, where: 'office' as const, kind: undefined })),
    ...refused.map((change) => ({ ...change, where: 'tablet' as const })),
  ];
  return Promise.all(
    found.map(async ({ key, document, where, code, kind }) => {
      const row = await readRow(db, document);
      return {
        key: `${where}/${key}`,
        document,
        where,
        code,
        kind: row?.kind ?? kind,
        ticket: row?.ticket ?? '',
        name: row?.name ?? '',
      };
    }),
  );
}
