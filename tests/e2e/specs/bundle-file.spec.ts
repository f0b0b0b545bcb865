// A tablet that has no link until the evening hands its work over as a file.

import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from '../harness/test.ts';
import { FieldDoor } from '../pages/field-door.ts';
import { OfficeDoor } from '../pages/office-door.ts';

test('a file takes a cut-off tablet to the office, and the tablet hears of it later', async ({ office, person }, info) => {
  const { browser, network } = await person('tablet');
  const field = new FieldDoor(browser.page, network.origin);
  const atOffice = await person('tablet');
  const supervisor = new OfficeDoor(atOffice.browser.page, atOffice.network.origin);
  const file = info.outputPath('berkas.txt');

  await test.step('the tablet works without a link', async () => {
    await field.prepare(await office.account('rina'));
    await network.cut();
    await field.takeTicket();
    await field.takeTicket();
  });

  await test.step('what is unsent becomes a file', async () => {
    await field.page.getByRole('navigation').getByRole('link', { name: 'Tablet ini' }).click();
    await field.page.getByRole('button', { name: 'Buat berkas (2 belum terkirim)' }).click();
    const saved = field.page.waitForEvent('download');
    await field.page.getByRole('button', { name: 'Simpan ke Unduhan' }).click();
    const download = await saved;
    expect(download.suggestedFilename()).toMatch(/^MPP-tablet-[A-Z]+-\d{4}-\d{2}-\d{2}-\d{4}\.txt$/);
    await download.saveAs(file);
  });

  await test.step('the office takes it, and a second time changes nothing', async () => {
    await supervisor.signIn(await office.account('sari'));
    await supervisor.importFile(file);
    await expect(supervisor.page.getByText('2 dari 2 perubahan baru disimpan di kantor.')).toBeVisible();
    await supervisor.importFile(file);
    await expect(supervisor.page.getByText('tidak ada yang berubah')).toBeVisible();
  });

  await test.step('a file that was cut off is refused whole', async () => {
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.slice(0, text.length / 2));
    await supervisor.importFile(file);
    await expect(supervisor.page.getByText('Berkas ini terpotong atau berubah di jalan')).toBeVisible();
  });

  await test.step('with a link the tablet hears that the office holds everything', async () => {
    await expect(field.syncBar).toContainText('2 belum terkirim');
    await network.restore();
    await field.sendNow();
  });
});
