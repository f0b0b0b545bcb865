// What a tablet goes through: killed browsers, tabs, full and cleared storage, an update in the middle, a bad link.
// Nothing that was shown as saved is lost, nothing arrives twice, and nothing is said that is not so.

import { setTimeout as sleep } from 'node:timers/promises';
import { Dice } from '../harness/dice.ts';
import { VILLAGE, type ShapedLink } from '../harness/link.ts';
import type { Office } from '../harness/office.ts';
import { Releases } from '../harness/release.ts';
import { expect, test, type Person } from '../harness/test.ts';
import { FieldDoor } from '../pages/field-door.ts';

test('a browser killed while it saves and while it sends loses nothing and sends nothing twice', async ({
  office,
  person,
  badLink,
}) => {
  const dice = new Dice();
  const link = await badLink(office.port);
  const { door, browser } = await prepared(office, await person('tablet'), link);
  const again = async (): Promise<string[]> => {
    await browser.kill();
    await browser.launch();
    door.page = browser.page;
    await door.open();
    await expect(door.takeTicketButton).toBeVisible();
    return door.queue();
  };
  const shown: string[] = [];

  await test.step('killed while it saves, without a network', async () => {
    await link.unplug();
    for (let round = 0; round < 4; round += 1) {
      shown.push((await door.takeTicket()).ticket);
      await door.goHome();
      await door.takeTicketButton.click();
      await sleep(dice.between(0, 80));
      expectAll(await again(), shown);
    }
  });

  await test.step('killed while it sends', async () => {
    await link.shape({ bits_per_second: 30_000, round_trip_ms: 200 });
    await link.plug();
    for (let round = 0; round < 3; round += 1) {
      shown.push((await door.takeTicket()).ticket);
      await sleep(dice.between(20, 900));
      expectAll(await again(), shown);
    }
  });

  await link.shape({});
  await door.sendNow();
  const kept = await door.queue();
  expectAll(kept, shown);
  expect(await office.recordCount()).toBe(kept.length);
});

test('a second tab waits, and takes everything over when the first one goes', async ({ office, person, badLink }) => {
  const link = await badLink(office.port);
  const { door, browser } = await prepared(office, await person('tablet'), link);
  await link.unplug();
  const first = door.page;
  const second = await browser.newTab();
  await second.goto(`${link.origin}/petugas/`);
  await expect(second.getByText('Aplikasi ini sudah terbuka di tab lain')).toBeVisible();

  const shown = [(await door.takeTicket()).ticket, (await door.takeTicket()).ticket];
  await door.goHome();
  await door.takeTicketButton.click();
  // In the middle of that save, or just after it.
  await first.close();
  door.page = second;
  await expect(door.takeTicketButton).toBeVisible();
  expectAll(await door.queue(), shown);
  shown.push((await door.takeTicket()).ticket);

  await link.plug();
  await door.sendNow();
  const kept = await door.queue();
  expectAll(kept, shown);
  expect(await office.recordCount()).toBe(kept.length);
});

test('a full storage is said in words, keeps what was typed, and is over when there is room', async ({
  office,
  person,
  badLink,
}) => {
  const link = await badLink(office.port);
  const { door, browser } = await prepared(office, await person('tablet'), link);
  await door.takeTicket();
  const { ticket } = await door.takeTicket();
  await door.serve();
  await door.fillFamilyCard('Rohaya', '1604125203900001');
  await expect(door.page.getByText('Isian tersimpan otomatis di tablet')).toBeVisible();

  const storage = await browser.page.context().newCDPSession(browser.page);
  await storage.send('Storage.overrideQuotaForOrigin', { origin: link.origin, quotaSize: 1 });
  await test.step('a draft that finds no room is said to be unkept', async () => {
    const full = door.page.getByText('Belum tersimpan: penyimpanan tablet penuh.');
    // Chromium looks at the room anew only half a minute after it last did.
    await expect(async () => {
      await door.type('applicant.name', `Rohaya ${String(Date.now())}`);
      await expect(full).toBeVisible({ timeout: 1_000 });
    }).toPass();
  });

  await test.step('no number is given out', async () => {
    await door.goHome();
    await door.takeTicketButton.click();
    await expect(door.page.getByText('Nomor belum terbit: penyimpanan tablet penuh.')).toBeVisible();
  });

  await test.step('the form cannot be saved, and stays as it is', async () => {
    await door.continueDraft(ticket);
    await expect(door.input('applicant.name')).toHaveValue(/^Rohaya/);
    await door.type('applicant.name', 'Rohaya Binti Umar');
    await door.page.getByRole('button', { name: 'Simpan', exact: true }).click();
    await expect(door.page.getByText('Penyimpanan tablet penuh. Isian tetap ada')).toBeVisible();
    await expect(door.input('applicant.name')).toHaveValue('Rohaya Binti Umar');
  });

  await storage.send('Storage.overrideQuotaForOrigin', { origin: link.origin });
  await door.save();
  await door.takeTicket();
  await door.sendNow();
  await door.openRecords();
  await expect(door.row(ticket)).toContainText('Rohaya Binti Umar');
  // Three visits, and the resident with the application.
  expect(await office.recordCount()).toBe(5);
});

test('a cleared storage is said in words, and what the office holds comes back', async ({ office, person, badLink }) => {
  const link = await badLink(office.port);
  const { door, browser } = await prepared(office, await person('tablet'), link);
  const sent = (await door.takeTicket()).ticket;
  await door.sendNow();
  await link.unplug();
  const unsent = (await door.takeTicket()).ticket;
  await expect(door.syncBar).toContainText('belum terkirim');

  const storage = await browser.page.context().newCDPSession(browser.page);
  await storage.send('Storage.clearDataForOrigin', { origin: link.origin, storageTypes: 'all' });
  await expect(door.page.getByText('Yang belum dikirim dari tablet ini hilang')).toBeVisible();
  await expect(door.page.getByText('Semua sudah di kantor')).toBeHidden();

  await link.plug();
  await door.prepare(await office.account('rina'));
  const next = (await door.takeTicket()).ticket;
  await door.sendNow();
  const queue = await door.queue();
  expectAll(queue, [sent, next]);
  expect(queue).not.toContain(unsent);
  // The tablet is another one now, with a letter of its own: no number is given out twice.
  expect(next.split('-')[0]).not.toBe(sent.split('-')[0]);
  expect(await office.recordCount()).toBe(2);
});

test('an update in the middle of sending loses nothing', async ({ office, person, badLink }) => {
  const releases = await Releases.open(office.port);
  const link = await badLink(releases.port);
  const { door } = await prepared(office, await person('tablet'), link);
  await link.unplug();
  const shown = [(await door.takeTicket()).ticket, (await door.takeTicket()).ticket];
  await door.goHome();

  releases.publish();
  await link.plug();
  await door.page.evaluate(() => navigator.serviceWorker.getRegistration('/petugas/').then((one) => one?.update()));
  await expect(door.page.getByRole('button', { name: 'Perbarui' })).toBeVisible();
  // Slow, so that what is saved now is still on its way when the new release takes over.
  await link.shape({ bits_per_second: 20_000, round_trip_ms: 1_500 });
  shown.push((await door.takeTicket()).ticket);
  await expect(door.syncBar).toContainText(/Mengirim|belum terkirim/);
  await door.page.getByRole('button', { name: 'Perbarui' }).click();
  await expect(door.page.locator('meta[name="mpp-release"]')).toBeAttached();
  await link.shape({});

  await door.sendNow();
  const kept = await door.queue();
  expectAll(kept, shown);
  expect(await office.recordCount()).toBe(kept.length);
  releases.close();
});

test('everything arrives over the link of a village that breaks again and again', async ({ office, person, badLink }) => {
  const dice = new Dice();
  const link = await badLink(office.port);
  const { door } = await prepared(office, await person('tablet'), link);
  await link.unplug();
  for (let ticket = 0; ticket < 6; ticket += 1) await door.takeTicket();
  const shown = await door.queue();
  const before = await link.shape({ ...VILLAGE, cut_seed: dice.between(0, 2 ** 40), cut_from: 900, cut_to: 2_600 });
  await link.plug();
  await door.sendNow();
  const { cuts } = await link.shape({});
  console.log(`the link was cut ${String(cuts - before.cuts)} times`);
  expect(cuts).toBeGreaterThan(before.cuts);
  expect(await office.recordCount()).toBe(shown.length);
});

interface Ready extends Person {
  readonly door: FieldDoor;
}

/** A tablet that was prepared over the link while it was good. */
async function prepared(office: Office, person: Person, link: ShapedLink): Promise<Ready> {
  const door = new FieldDoor(person.browser.page, link.origin);
  await door.prepare(await office.account('rina'));
  // Switched off for the way to the village; its cookie is on the disk then.
  await person.browser.restart();
  door.page = person.browser.page;
  await door.open();
  await expect(door.takeTicketButton).toBeVisible();
  return { ...person, door };
}

/** Everything that was shown is there, and nothing twice. */
function expectAll(kept: readonly string[], shown: readonly string[]): void {
  expect(kept).toEqual(expect.arrayContaining([...shown]));
  expect(new Set(kept).size).toBe(kept.length);
}
