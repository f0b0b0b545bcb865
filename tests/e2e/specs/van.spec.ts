// The van: two tablets, a hub and an office as processes of their own, cut off from each other, and the office lost.

import type { Backup } from '../harness/office.ts';
import { expect, test } from '../harness/test.ts';
import { FieldDoor, type Slip } from '../pages/field-door.ts';
import { OfficeDoor } from '../pages/office-door.ts';

test('a hub without the office, an office without its machine: every ticket is still there', async ({
  office,
  hub: joinHub,
  person,
}, info) => {
  const a = await person('tablet');
  const b = await person('tablet');
  const [atA, atB] = [new FieldDoor(a.browser.page, a.network.origin), new FieldDoor(b.browser.page, b.network.origin)];
  const desk = await person('tablet');
  const supervisor = new OfficeDoor(desk.browser.page, desk.network.origin);
  const slips: Slip[] = [];
  let backup: Backup;

  const hub = await joinHub('Mobil 1');

  await test.step('the tablets are prepared at the office and drive off with the hub', async () => {
    await atA.prepare(await office.account('rina'));
    await atB.prepare(await office.account('budi'));
    await expect.poll(async () => (await hub.health()).upstream.reached_at).not.toBeNull();
    await a.network.leadTo(hub.port);
    await b.network.leadTo(hub.port);
    await hub.cable.cut();
  });

  await test.step('without the office the van has what both hand out', async () => {
    slips.push(await atA.takeTicket(), await atB.takeTicket());
    for (const door of [atA, atB]) {
      await expect(door.syncBar).toContainText('Semua sudah di mobil · belum sampai di kantor');
      await door.page.screenshot({ path: info.outputPath(`van-${door === atA ? 'a' : 'b'}.png`) });
    }
  });

  await test.step('when the van finds a signal the office has it too', async () => {
    await hub.cable.restore();
    await hub.passOn();
    for (const door of [atA, atB]) await door.fetchNews();
  });

  await test.step('the office is backed up, works on, and its machine is gone', async () => {
    backup = await office.backUp();
    slips.push(await atA.takeTicket());
    await atA.sendNow();
    await hub.passOn();
    await office.lose();
    slips.push(await atB.takeTicket());
  });

  await test.step('it is restored, and what it had forgotten comes back by itself', async () => {
    await office.restoreFrom(backup);
    await b.network.leadTo(office.port);
    await atB.sendNow();
    // Only then has it heard of the restored office: before, nothing waits by what the lost one held.
    await hub.passOn();
    await atA.fetchNews();
  });

  await test.step('the office shows what each tablet and the hub brought', async () => {
    await supervisor.signIn(await office.account('sari'));
    await supervisor.showTablets();
    const main = desk.browser.page.getByRole('main');
    await expect(main).toContainText('Mobil 1');
    await expect(main.getByText('Jangan dihapus')).toHaveCount(2);
    await desk.browser.page.screenshot({ path: info.outputPath('office.png'), fullPage: true });
  });

  await test.step('after the next backup both tablets may be wiped, and say so', async () => {
    await office.backUp();
    await hub.passOn();
    for (const door of [atA, atB]) {
      // The hub hears of the backup at its next contact, and the tablet at the one after that.
      await expect(async () => {
        await door.page.reload();
        await expect(door.syncBar).toContainText('Semua sudah di kantor + cadangan', { timeout: 5_000 });
      }).toPass();
    }
    await supervisor.reload();
    await expect(desk.browser.page.getByText('Aman dihapus')).toHaveCount(2);
    await desk.browser.page.screenshot({ path: info.outputPath('office-safe.png'), fullPage: true });
    expect(await office.recordCount()).toBe(slips.length);
  });
});
