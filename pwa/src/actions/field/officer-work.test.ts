import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Standard } from '../../lib/views';
import { emptyForm, personForm } from '../../form/application-form';
import { allDrafts } from '../../db/drafts';
import { countUnconfirmed, uncutSaves } from '../../db/outbox';
import { testTablet, type TestTablet } from '../../testing/tablet';
import { checkForm } from './check-form';
import { DraftKeeper, loadDraft, unfinished } from './drafts';
import { editPerson, editService, setStatus } from './edit-record';
import { findResidents, sameNik } from './find-residents';
import { issueTicket } from './issue-ticket';
import { readRecord } from './read-record';
import { listRecords } from './records';
import { registerApplication } from './register-application';
import { readVisit, waitingVisits } from './visits';

const STANDARD: Standard = {
  service: 'DUKCAPIL-02',
  version: 1,
  name: 'Perubahan Kartu Keluarga',
  requirements: ['KK lama', 'Formulir F-1.02'],
  duration: '1 hari kerja',
  fee: 'Rp0',
  product: 'KK',
  offline: 'intake',
  valid_from: '2026-01-01',
  fields: [{ key: 'alasan', label: 'Alasan', type: 'text', required: false }],
};

const MARSINAH = personForm({
  nik: '1604104112019901',
  name: 'Marsinah',
  birth_date: '2001-12-01',
  sex: 'P',
  village: '16.04.12.2025',
});

let tablet: TestTablet;
beforeEach(async () => {
  tablet = await testTablet();
});

async function register(name = 'Marsinah'): Promise<string> {
  const { visit, ticket } = await issueTicket(tablet, {});
  const form = { ...emptyForm(visit, ticket), service: STANDARD.service };
  form.applicant = { ...MARSINAH, name };
  form.checks = { 0: true };
  const answer = await registerApplication(tablet, form, STANDARD, visit);
  if (!answer.ok) throw new Error(JSON.stringify(answer));
  return answer.application;
}

describe('a queue ticket', () => {
  it('is issued once for one press, however often the glass was touched', async () => {
    const press = {};
    const [one, two] = await Promise.all([issueTicket(tablet, press), issueTicket(tablet, press)]);
    expect(two).toBe(one);
    expect(one.ticket).toBe('A-001');
    expect(one.tracking.length).toBeGreaterThanOrEqual(8);
    expect(await waitingVisits(tablet)).toHaveLength(1);
  });

  it('gets the next number at the next press, also after a restart', async () => {
    await issueTicket(tablet, {});
    const restarted = await testTablet(undefined, tablet.db);
    expect((await issueTicket(restarted, {})).ticket).toBe('A-002');
  });
});

describe('registering an application', () => {
  it('takes the ticket and the tracking code of the slip, and ends the wait', async () => {
    const { visit, ticket, tracking } = await issueTicket(tablet, {});
    const form = { ...emptyForm(visit, ticket), applicant: MARSINAH };
    const answer = await registerApplication(tablet, form, STANDARD, visit);
    if (!answer.ok) throw new Error(answer.reason);
    const page = await readRecord(tablet, answer.application);
    expect(page?.application).toMatchObject({ ticket, tracking, service: 'DUKCAPIL-02' });
    expect(page?.application.status.current).toBe('received');
    expect(page?.place).toBe('tablet');
    expect(await waitingVisits(tablet)).toEqual([]);
    expect((await readVisit(tablet, visit))?.visit.resident).toBe(page?.resident?.id);
  });

  it('gives a second application of the visit its own tracking code', async () => {
    const first = await readRecord(tablet, await register());
    const visit = first?.application.visit ?? '';
    const form = { ...emptyForm(visit, 'A-001'), resident: first?.resident?.id ?? null };
    form.applicant = MARSINAH;
    const answer = await registerApplication(tablet, form, STANDARD, visit);
    if (!answer.ok) throw new Error(answer.reason);
    const second = await readRecord(tablet, answer.application);
    expect(second?.application.tracking).not.toBe(first?.application.tracking);
    expect(second?.application.ticket).toBe('A-001');
    expect(second?.resident?.id).toBe(first?.resident?.id);
    expect(second?.others).toHaveLength(1);
  });

  it('stops at errors and keeps the draft', async () => {
    const { visit, ticket } = await issueTicket(tablet, {});
    const keeper = new DraftKeeper(tablet, visit);
    const form = emptyForm(visit, ticket);
    form.applicant = { ...MARSINAH, nik: '160410411201990' };
    keeper.keep(form);
    await keeper.flush();
    const answer = await registerApplication(tablet, form, STANDARD, visit);
    expect(answer).toMatchObject({ ok: false, reason: 'findings', findings: [{ code: 'nik_length' }] });
    expect((await unfinished(tablet)).map(({ name }) => name)).toEqual(['Marsinah']);
    expect(await loadDraft(tablet, visit)).toEqual(form);
  });

  it('asks for a confirmation when the card differs from the NIK, and then accepts', async () => {
    const { visit, ticket } = await issueTicket(tablet, {});
    const form = emptyForm(visit, ticket);
    form.applicant = { ...MARSINAH, sex: 'L' };
    const { findings } = await checkForm(tablet, form, STANDARD);
    expect(findings).toMatchObject([{ code: 'nik_sex_differs', toConfirm: true }]);
    expect((await registerApplication(tablet, form, STANDARD, visit)).ok).toBe(false);
    form.confirmed = findings.map(({ key }) => key);
    expect((await registerApplication(tablet, form, STANDARD, visit)).ok).toBe(true);
  });

  it('removes the draft in the same moment', async () => {
    const { visit, ticket } = await issueTicket(tablet, {});
    const keeper = new DraftKeeper(tablet, visit);
    const form = { ...emptyForm(visit, ticket), applicant: MARSINAH };
    keeper.keep(form);
    await keeper.flush();
    await registerApplication(tablet, form, STANDARD, visit);
    expect(await allDrafts(tablet.db)).toEqual([]);
  });

  it('accepts people without a NIK when the reason is given, and names as they are', async () => {
    for (const name of ["Nur'aini", 'André', 'N']) {
      const { visit, ticket } = await issueTicket(tablet, {});
      const form = emptyForm(visit, ticket);
      form.applicant = { ...MARSINAH, nik: '', no_nik_reason: 'belum_punya', name };
      expect(await registerApplication(tablet, form, STANDARD, visit)).toMatchObject({ ok: true });
    }
  });
});

describe('one save', () => {
  it('is whole or not there: a failure in the middle of the transaction undoes all of it', async () => {
    const { visit, ticket } = await issueTicket(tablet, {});
    const before = await countUnconfirmed(tablet.db);
    const full = vi.spyOn(IDBObjectStore.prototype, 'add').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    const form = { ...emptyForm(visit, ticket), applicant: MARSINAH };
    const answer = await registerApplication(tablet, form, STANDARD, visit);
    full.mockRestore();
    expect(answer).toMatchObject({ ok: false, reason: 'storage' });
    expect(await countUnconfirmed(tablet.db)).toBe(before);
    expect((await listRecords(tablet, 'all', '')).total).toBe(0);
    expect(await findResidents(tablet, 'marsinah')).toEqual([]);
    expect((await registerApplication(tablet, form, STANDARD, visit)).ok).toBe(true);
  });

  it('is linked to the one before, also when several are asked for at once', async () => {
    await Promise.all([issueTicket(tablet, {}), issueTicket(tablet, {}), issueTicket(tablet, {})]);
    const saves = await uncutSaves(tablet.db);
    expect(saves.map(({ number }) => number)).toEqual([0, 1, 2]);
    expect(new Set(saves.map(({ session }) => session)).size).toBe(1);
    expect((await waitingVisits(tablet)).map(({ ticket }) => ticket)).toEqual([
      'A-001',
      'A-002',
      'A-003',
    ]);
  });
});

describe('finding a resident', () => {
  it('ignores case, spaces and punctuation, and shows one line for one person', async () => {
    await register("Siti Nur'azizah");
    await register('siti nurazizah');
    await new Promise((done) => setTimeout(done, 20));
    const found = await findResidents(tablet, 'SITI nur azizah');
    expect(found).toHaveLength(1);
    expect(found[0]?.nik).toBe('•••• 9901');
    expect(found[0]?.spellings).toHaveLength(1);
  });

  it('finds what carries the same NIK', async () => {
    await register();
    const same = await sameNik(tablet, MARSINAH.nik);
    expect(same.resident?.name).toBe('Marsinah');
    expect(same.applications).toHaveLength(1);
  });
});

describe('a record', () => {
  it('can be edited and moved on, and tells who did what', async () => {
    const id = await register();
    const page = await readRecord(tablet, id);
    expect(page?.next.map(({ status }) => status)).toContain('verified');
    await setStatus(tablet, id, 'verified', '', page?.application.status.heads ?? []);
    const applicant = page?.application.applicant ?? {};
    const form = { ...personForm(applicant), phone: '0812 3456 7890' };
    expect(await editPerson(tablet, id, 'applicant', applicant, form)).toEqual({ ok: true });
    const after = await readRecord(tablet, id);
    expect(after?.application.status.current).toBe('verified');
    expect(after?.application.applicant.phone).toBe('+6281234567890');
    expect(after?.history).toHaveLength(3);
    expect(after?.history.at(-1)).toMatchObject({ officer: 'siti', device: 'A' });
  });

  it('asks for a declared field only while it applies, and empties it when it no longer does', async () => {
    const id = await register();
    const standard: Standard = {
      ...STANDARD,
      fields: [
        { key: 'jenis', label: 'Jenis', type: 'choice', options: ['pindah', 'baru'], required: true },
        {
          key: 'asal',
          label: 'Daerah asal',
          type: 'text',
          required: true,
          show_when: { field: 'jenis', equals: 'pindah' },
        },
      ],
    };
    const edit = async (values: Record<string, string>) => {
      const page = await readRecord(tablet, id);
      if (page === undefined) throw new Error('no record');
      return editService(tablet, page.application, standard, { values, notes: '' });
    };
    const fields = async () => (await readRecord(tablet, id))?.application.fields;
    expect(await edit({ jenis: 'pindah' })).toMatchObject({
      ok: false,
      findings: [{ role: 'fields', field: 'asal' }],
    });
    expect(await edit({ jenis: 'pindah', asal: 'Pagar Alam' })).toEqual({ ok: true });
    expect(await fields()).toEqual({ jenis: 'pindah', asal: 'Pagar Alam' });
    expect(await edit({ jenis: 'baru', asal: 'Pagar Alam' })).toEqual({ ok: true });
    expect(await fields()).toEqual({ jenis: 'baru' });
  });

  it('is found by filter and by search, with its NIK masked', async () => {
    await register();
    const { lines } = await listRecords(tablet, 'unsent', 'marsi');
    expect(lines).toMatchObject([{ name: 'Marsinah', nik: '•••• 9901', place: 'tablet' }]);
    expect((await listRecords(tablet, 'conflict', '')).total).toBe(0);
    expect((await listRecords(tablet, 'today', 'sukinem')).total).toBe(0);
  });
});
