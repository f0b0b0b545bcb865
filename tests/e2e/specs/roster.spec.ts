// Who works on a day: somebody who was not planned steps in, and the supervisor says so.

import { expect, test } from '../harness/test.ts';
import { OfficeDoor } from '../pages/office-door.ts';

test('a supervisor puts an officer on the roster of a day that is published', async ({ office, person }, info) => {
  await office.run('admin', 'add', 'wati', '--name', 'Wati Utami', '--role', 'officer');
  const { browser, network } = await person('tablet');
  const supervisor = new OfficeDoor(browser.page, network.origin);
  await supervisor.signIn(await office.account('sari'));
  await supervisor.showDays();
  const day = supervisor.days.first();
  await expect(day).not.toContainText('Wati Utami');
  await day.getByRole('button', { name: 'Tambah petugas' }).click();
  const dialog = browser.page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Tambahkan' }).click();
  await expect(dialog).toContainText('Pilih petugasnya.');
  await dialog.getByLabel('Petugas').selectOption({ label: 'Wati Utami' });
  await browser.page.screenshot({ path: info.outputPath('roster.png') });
  await dialog.getByRole('button', { name: 'Tambahkan' }).click();
  await expect(day).toContainText('Wati Utami');
  await day.getByRole('button', { name: 'Tambah petugas' }).click();
  await expect(dialog).toContainText('Semua petugas sudah ada dalam daftar.');
});
