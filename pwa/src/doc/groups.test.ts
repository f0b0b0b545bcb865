import { describe, expect, it } from 'vitest';
import { issueTicket } from '../actions/field/issue-ticket';
import { registerApplication } from '../actions/field/register-application';
import type { CoreFunctions } from '../core/functions';
import { allGroups, rowsOfKind, ungroupedResidents, writeGroups } from '../db/records';
import { emptyForm, personForm } from '../form/application-form';
import { STANDARD } from '../testing/standard';
import { testTablet, type TestTablet } from '../testing/tablet';
import { regroup, regroupLeft } from './groups';

async function residents(...names: string[]): Promise<{ tablet: TestTablet; ids: string[] }> {
  const tablet = await testTablet();
  for (const name of names) {
    const { visit, ticket } = await issueTicket(tablet, {});
    const form = emptyForm(visit, ticket);
    const village = '16.04.12.2025';
    form.applicant = personForm({ no_nik_reason: 'belum_punya', name, village });
    const answer = await registerApplication(tablet, form, STANDARD, visit);
    if (!answer.ok) throw new Error(answer.reason);
  }
  return { tablet, ids: (await rowsOfKind(tablet.db, 'resident')).map(({ id }) => id) };
}

describe('groups of residents', () => {
  it('that the app did not get to before it ended are made at its next start, once', async () => {
    const { tablet, ids } = await residents('Marsinah', 'Kusnadi');
    // What the register did in the background is lost, or made from what is here: the same either way.
    await regroup(tablet.db, tablet.core, ids);
    expect(await regroupLeft(tablet.db, tablet.core)).toBe(false);
    const before = await allGroups(tablet.db);
    expect(before.map(({ resident }) => resident).sort()).toEqual([...ids].sort());
    await tablet.db.clear('groups');
    for (const row of await rowsOfKind(tablet.db, 'resident')) await tablet.db.put('rows', { ...row, ungrouped: row.updated_at });
    expect(await regroupLeft(tablet.db, tablet.core)).toBe(true);
    expect(await allGroups(tablet.db)).toEqual(before);
    expect(await ungroupedResidents(tablet.db)).toEqual([]);
  });

  it('that changed while they were made are made again', async () => {
    const { tablet, ids } = await residents('Marsinah');
    const [one = ''] = ids;
    await regroup(tablet.db, tablet.core, ids);
    const row = await tablet.db.get('rows', one);
    if (row === undefined) throw new Error('no line');
    await tablet.db.put('rows', { ...row, ungrouped: row.updated_at });
    await writeGroups(tablet.db, await allGroups(tablet.db), new Map([[one, 0]]));
    expect(await ungroupedResidents(tablet.db)).toEqual(ids);
  });

  it('take in the residents on the other side of a split', async () => {
    const { tablet, ids } = await residents('Marsinah', 'Kusnadi');
    const [one = '', other = ''] = ids;
    const stored = await tablet.db.get('documents', one);
    if (stored?.view?.kind !== 'resident') throw new Error('no resident');
    const decision = {
      id: 'd1',
      decision: 'split' as const,
      with: [one],
      from: [other],
      officer: 'siti',
      device: 'A',
      at: 1_790_000_000,
      after: [],
      undone: false,
    };
    await tablet.db.put('documents', { ...stored, view: { ...stored.view, decisions: [decision] } });
    const asked: string[][] = [];
    const core = {
      call: ((name, params) => {
        if (name === 'residents_group') {
          const { residents: views } = params as CoreFunctions['residents_group']['in'];
          asked.push(views.map(({ id }) => id));
        }
        return tablet.core.call(name, params);
      }) as TestTablet['core']['call'],
    };
    await regroup(tablet.db, core, [one]);
    expect(asked.map((group) => [...group].sort())).toEqual([[one, other].sort()]);
  });
});
