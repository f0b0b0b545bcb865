// What the office erases by law goes from the tablets by itself, with all that was written of it.

import type { Page } from '@playwright/test';
import type { Office } from '../harness/office.ts';
import { expect, test, type Person } from '../harness/test.ts';
import { FieldDoor } from '../pages/field-door.ts';

test('what the office erased is gone from the tablet that wrote it and from the one that read it', async ({ office, person }) => {
  const [a, b] = [await tablet(office, await person('tablet')), await tablet(office, await person('tablet'))];
  const { ticket: gone } = await a.register('Rohaya', '1604125203900001');
  const { ticket: kept } = await a.register('Kusnadi', '1604121203850002');
  await a.sendNow();
  await b.seeRecord(gone);
  await b.seeRecord(kept);
  const resident = await residentOf(a.page, 'Rohaya');
  const count = await office.recordCount();
  const said = await office.run('erase', '--by', 'sari', '--reason', 'Permintaan 12/PDP/2026', '--with-records', '--yes', resident);
  expect(said).toContain('dihapus');
  expect(await office.recordCount()).toBeLessThan(count);
  await office.start();
  for (const door of [a, b]) {
    await door.fetchNews();
    await door.openRecords();
    await expect(door.row(kept)).toBeVisible();
    await expect(door.row(gone)).toBeHidden();
    expect(await storesWith(door.page, 'Rohaya')).toEqual([]);
    expect(await storesWith(door.page, 'Kusnadi')).toContain('documents');
    // Again, with every chain named and everything counted anew: nothing differs.
    await door.fetchNews();
    await expect(door.syncBar).toContainText('Semua sudah di kantor');
  }
});

test('a form that is open in the van while the office erases the person is not saved', async ({ office, hub: joinHub, person }, info) => {
  const hub = await joinHub('Mobil 1');
  const who = await person('tablet');
  const door = await tablet(office, who);
  await door.register('Rohaya', '1604125203900001');
  await door.sendNow();
  const resident = await residentOf(door.page, 'Rohaya');
  await who.network.leadTo(hub.port);
  await hub.passOn();
  const { ticket } = await door.takeTicket();
  await door.serve();
  await door.useResident('Rohaya');
  await office.run('erase', '--by', 'sari', '--reason', 'Permintaan 12/PDP/2026', '--with-records', '--yes', resident);
  await hub.passOn();
  await expect(async () => {
    // The tablet asks every half minute; the form is kept when something is typed.
    const represented = door.page.getByLabel('Diwakilkan orang lain');
    if (await represented.isVisible()) await represented.click({ timeout: 1_000 });
    await expect(door.page.getByRole('alert').getByText('sudah dihapus kantor')).toBeVisible({ timeout: 2_000 });
  }).toPass();
  await expect(door.page.getByText('Rohaya')).toBeHidden();
  await door.page.screenshot({ path: info.outputPath('erased-form.png') });
  expect(await storesWith(door.page, 'Rohaya')).toEqual([]);
  expect(await door.queue()).toContain(ticket);
});

/** A tablet prepared for the day. */
async function tablet(office: Office, { browser, network }: Person): Promise<FieldDoor> {
  const door = new FieldDoor(browser.page, network.origin);
  await door.prepare(await office.account('rina'));
  return door;
}

/** The document of a resident, as the tablet knows it. */
function residentOf(page: Page, name: string): Promise<string> {
  return page.evaluate(async (wanted) => {
    const done = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(new Error('the storage does not answer'));
      });
    const db = await done(indexedDB.open('mpp-petugas'));
    const rows: { id: string; kind: string; name: string }[] = await done(db.transaction('rows').objectStore('rows').getAll());
    db.close();
    const found = rows.find((row) => row.kind === 'resident' && row.name === wanted);
    if (found === undefined) throw new Error('no such resident');
    return found.id;
  }, name);
}

/** The stores of the app that have a text anywhere, bytes included. */
function storesWith(page: Page, text: string): Promise<string[]> {
  return page.evaluate(async (wanted) => {
    const done = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(new Error('the storage does not answer'));
      });
    const readable = (_key: string, value: unknown): unknown =>
      value instanceof Uint8Array ? new TextDecoder('latin1').decode(value) : value;
    const db = await done(indexedDB.open('mpp-petugas'));
    const found: string[] = [];
    for (const name of Array.from(db.objectStoreNames)) {
      const all: unknown[] = await done(db.transaction(name).objectStore(name).getAll());
      if (JSON.stringify(all, readable).includes(wanted)) found.push(name);
    }
    db.close();
    return found;
  }, text);
}
