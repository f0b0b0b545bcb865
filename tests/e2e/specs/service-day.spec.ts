// A service day, end to end: two tablets that do not see each other, a supervisor and a resident.

import { expect, test, type Person } from '../harness/test.ts';
import { FieldDoor, type Slip } from '../pages/field-door.ts';
import { OfficeDoor } from '../pages/office-door.ts';
import { ResidentDoor } from '../pages/resident-door.ts';

/** A woman of 12 March 1990, as two officers hear her name. */
const RESIDENT = {
  nik: '1604125203900001',
  birthDate: '1990-03-12',
  sex: 'Perempuan',
  nameAtA: 'Siti Rahayu',
  nameAtB: 'Sitti Rahaju',
  kk: '1604121203100007',
  phone: '0812-7345-6789',
};
const CHILD = { nik: '1604125506180002', name: 'Putri Ayu Lestari' };

const FAMILY_CARD = 'Penerbitan/Perubahan Kartu Keluarga';
const CHILD_CARD = 'Penerbitan Kartu Identitas Anak (KIA)';

interface Tablet extends Person {
  readonly door: FieldDoor;
}

test('two tablets, one resident, one conflict: everybody ends with the same answer', async ({ office, person }) => {
  const a = await tablet(await person('tablet'));
  const b = await tablet(await person('tablet'));
  const desk = await person('tablet');
  const supervisor = new OfficeDoor(desk.browser.page, desk.network.origin);
  let slipA: Slip;
  let slipB: Slip;

  await test.step('two tablets are prepared at the office and go offline', async () => {
    await a.door.prepare(await office.account('rina'));
    await b.door.prepare(await office.account('budi'));
    for (const { browser, door, network } of [a, b]) {
      await network.cut();
      // They are switched off for the way to the village.
      await browser.restart();
      door.page = browser.page;
      await door.open();
      await expect(door.takeTicketButton).toBeVisible();
    }
  });

  await test.step('both hand out tickets that cannot collide', async () => {
    slipA = await a.door.takeTicket();
    slipB = await b.door.takeTicket();
    expect(slipA.ticket).toMatch(/^[A-Z]+-\d{3}$/);
    expect(slipB.ticket).toMatch(/^[A-Z]+-\d{3}$/);
    expect(slipA.ticket.split('-')[0]).not.toBe(slipB.ticket.split('-')[0]);
    expect(slipA.tracking).not.toBe(slipB.tracking);
  });

  await test.step('on A the NIK fills in birth date and sex', async () => {
    await a.door.serve();
    await a.door.type('applicant.nik', RESIDENT.nik);
    await expect(a.door.input('applicant.birth_date')).toHaveValue(RESIDENT.birthDate);
    await expect(a.door.field('applicant.sex').getByLabel(RESIDENT.sex)).toBeChecked();
    await a.door.type('applicant.name', RESIDENT.nameAtA);
    await a.door.chooseService(FAMILY_CARD);
    await expect(a.door.page.getByText('Isian tersimpan otomatis di tablet')).toBeVisible();
  });

  await test.step("A's browser is killed while the form is half filled, and the draft is there again", async () => {
    await a.door.untilDraftIsKept(RESIDENT.nameAtA);
    await a.browser.kill();
    await a.browser.launch();
    a.door.page = a.browser.page;
    await a.door.open();
    await a.door.continueDraft(slipA.ticket);
    await expect(a.door.input('applicant.nik')).toHaveValue(RESIDENT.nik);
    await expect(a.door.input('applicant.name')).toHaveValue(RESIDENT.nameAtA);
    await expect(a.door.page.getByText(FAMILY_CARD)).toBeVisible();
  });

  await test.step('A saves the family card without a network', async () => {
    await fillApplicant(a.door);
    await a.door.choose('fields.reason', 'Perubahan data');
    await a.door.type('fields.changed_data', 'Pekerjaan: pedagang');
    await a.door.save();
  });

  await test.step('B, which cannot see A, takes the same NIK, another spelling, and a card for the child', async () => {
    await b.door.serve();
    await b.door.type('applicant.nik', RESIDENT.nik);
    await b.door.type('applicant.name', RESIDENT.nameAtB);
    await fillApplicant(b.door);
    await b.door.chooseService(CHILD_CARD);
    await b.door.type('subject.nik', CHILD.nik);
    await b.door.type('subject.name', CHILD.name);
    await b.door.chooseVillage('subject');
    await b.door.choose('fields.reason', 'Baru');
    await b.door.type('fields.birth_certificate', '1604-LT-20062018-0012');
    await b.door.type('fields.parent_name', RESIDENT.nameAtB);
    await b.door.save();
  });

  await test.step('both come back online and send', async () => {
    await a.network.restore();
    await b.network.restore();
    await a.door.sendNow();
    await b.door.sendNow();
    await a.door.seeRecord(slipB.ticket);
    await b.door.seeRecord(slipA.ticket);
  });

  await test.step('the supervisor sees one resident, two spellings, two applications and who typed what', async () => {
    await supervisor.signIn(await office.account('sari'));
    await expect(supervisor.row(slipA.ticket)).toContainText('Kartu Keluarga');
    await expect(supervisor.row(slipB.ticket)).toContainText(CHILD.name);
    await supervisor.openApplication(slipA.ticket);
    await expect(supervisor.spelling(RESIDENT.nameAtA)).toContainText('Rina Marlina');
    await expect(supervisor.spelling(RESIDENT.nameAtB)).toContainText('Budi Hartono');
    await expect(supervisor.card('Permohonan lain orang ini')).toContainText(CHILD_CARD);
  });

  await test.step('the supervisor chooses a spelling, undoes it, and chooses again', async () => {
    await supervisor.chooseSpelling(RESIDENT.nameAtB);
    await supervisor.undoSpelling();
    await supervisor.chooseSpelling(RESIDENT.nameAtA);
  });

  await test.step('A and the office decide differently on one application without knowing it', async () => {
    await a.door.openRecord(slipA.ticket);
    await a.door.setStatus('Diverifikasi');
    await a.door.setStatus('Diproses');
    await a.door.sendNow();
    await a.network.cut();
    await supervisor.openApplication(slipA.ticket);
    await supervisor.decide('Ditolak', 'Buku nikah tidak sesuai dengan data.');
    await a.door.setStatus('Siap diambil');
    await a.network.restore();
    await a.door.sendNow();
    await b.door.fetchNews();
  });

  await test.step('all three show the same conflict', async () => {
    await supervisor.openApplication(slipA.ticket);
    await expect(supervisor.statusConflict).toContainText('Ditolak');
    await expect(supervisor.statusConflict).toContainText('Siap diambil');
    for (const { door } of [a, b]) {
      await door.openRecord(slipA.ticket);
      await expect(door.conflict).toBeVisible();
      await expect(door.page.getByRole('main')).toContainText('Ditolak');
      await expect(door.page.getByRole('main')).toContainText('Siap diambil');
    }
  });

  await test.step('the supervisor resolves it, and all three agree', async () => {
    await supervisor.keepStatus('Ditolak', 'Buku nikah tidak sesuai dengan data.');
    await supervisor.showApplications();
    await expect(supervisor.row(slipA.ticket)).toContainText('Ditolak');
    for (const { door } of [a, b]) {
      await door.fetchNews();
      await expect(door.conflict).toBeHidden();
      await door.openRecords();
      await expect(door.row(slipA.ticket)).toContainText('Ditolak');
    }
  });

  await test.step('on a phone the code shows this application and nothing of anybody else', async () => {
    const phone = await person('phone');
    const resident = new ResidentDoor(phone.browser.page, phone.network.origin);
    await resident.open();
    await resident.track(slipA.tracking);
    await expect(resident.answer).toContainText('Ditolak');
    await expect(resident.answer).toContainText(slipA.ticket);
    const seen = await resident.answer.innerText();
    for (const secret of [slipB.ticket, RESIDENT.nik, RESIDENT.nameAtA, RESIDENT.nameAtB, CHILD.name]) {
      expect(seen).not.toContain(secret);
    }
  });
});

function tablet(person: Person): Tablet {
  return { ...person, door: new FieldDoor(person.browser.page, person.network.origin) };
}

/** What is the same on both tablets. */
async function fillApplicant(door: FieldDoor): Promise<void> {
  await door.type('applicant.kk', RESIDENT.kk);
  await door.type('applicant.phone', RESIDENT.phone);
  await door.chooseVillage('applicant');
}
