// The residents' door: it opens on a phone, and opens again where there is no network.

import { expect, test } from '../harness/test.ts';
import { ResidentDoor } from '../pages/resident-door.ts';

/** Well formed, with the right check character, and not on any ticket. */
const UNKNOWN_CODE = '22222-22222';
/** The same with one character typed wrong. */
const MISTYPED_CODE = '22222-22223';

test('a resident reads the services again where there is no network', async ({ person }) => {
  const { browser, network } = await person('phone');
  const door = new ResidentDoor(browser.page, network.origin);
  await door.open();
  await expect(door.welcome).toBeVisible();
  await door.showServices();
  await expect(door.services.first()).toBeVisible();
  const services = await door.services.allInnerTexts();
  await door.untilKept();

  await network.cut();
  await browser.page.reload();
  await expect(door.services).toHaveText(services);
});

test('a code that the office does not know yet is answered with what to do', async ({ person }) => {
  const { browser, network } = await person('phone');
  const door = new ResidentDoor(browser.page, network.origin);
  await door.open();
  await door.track(UNKNOWN_CODE);
  await expect(door.answer).toContainText('Data untuk kode ini belum sampai ke kantor.');
  await expect(door.answer).toContainText(/Coba lagi setelah .+, atau hubungi .+\./);
});

test('a mistyped code is told apart from one that has not arrived', async ({ person }) => {
  const { browser, network } = await person('phone');
  const door = new ResidentDoor(browser.page, network.origin);
  await door.open();
  await door.track(MISTYPED_CODE);
  await expect(door.answer).toContainText('Kode ini salah ketik');
});
