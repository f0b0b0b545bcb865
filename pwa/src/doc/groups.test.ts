import { describe, expect, it } from 'vitest';
import { issueTicket } from '../actions/field/issue-ticket';
import { registerApplication } from '../actions/field/register-application';
import type { CoreFunctions } from '../core/functions';
import { allGroups, rowsOfKind } from '../db/records';
import { emptyForm, personForm } from '../form/application-form';
import { STANDARD } from '../testing/standard';
import { testTablet, type TestTablet } from '../testing/tablet';
import { regroup, regroupAll } from './groups';

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
  it('are all made again after the app ended before they were', async () => {
    const { tablet, ids } = await residents('Marsinah', 'Kusnadi');
    // What the register did in the background is lost, or made from what is here: the same either way.
    await regroup(tablet.db, tablet.core, ids);
    const before = await allGroups(tablet.db);
    await tablet.db.clear('groups');
    expect(await regroupAll(tablet.db, tablet.core)).toBe(true);
    expect(await allGroups(tablet.db)).toEqual(before);
    expect(before.map(({ resident }) => resident).sort()).toEqual([...ids].sort());
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
