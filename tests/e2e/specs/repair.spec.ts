// What was lost comes back by itself: on a tablet from the office, and at the office from the tablets.

import type { Page } from '@playwright/test';
import type { Office } from '../harness/office.ts';
import { expect, test, type Person } from '../harness/test.ts';
import { FieldDoor } from '../pages/field-door.ts';
import { OfficeDoor } from '../pages/office-door.ts';

test('a record that was lost from the storage of a tablet comes back with the next sync', async ({ office, person }) => {
  const a = await tablet(office, await person('tablet'));
  const b = await tablet(office, await person('tablet'));
  const { ticket } = await a.door.register('Rohaya', '1604125203900001');
  await a.door.sendNow();
  await b.door.seeRecord(ticket);

  await b.network.cut();
  expect(await loseFromStorage(b.door.page, 'Rohaya')).toBe(2);
  await b.door.page.reload();
  await b.door.openRecords();
  await expect(b.door.page.getByRole('main')).toBeVisible();
  await expect(b.door.row(ticket)).toBeHidden();

  await b.network.restore();
  await b.door.seeRecord(ticket);
  await b.door.openRecord(ticket);
  await expect(b.door.page.getByRole('main')).toContainText('Rohaya');
  await expect(b.door.syncBar).toContainText('Semua sudah di kantor');
});

test('a restored office gets back what only a tablet has kept', async ({ office, person }) => {
  const a = await tablet(office, await person('tablet'));
  const { ticket } = await a.door.register('Rohaya', '1604125203900001');
  await a.door.sendNow();
  const backup = await office.backUp();

  // What comes now is in no backup: a decision of the supervisor, and the work of another tablet, which is lost with it.
  const supervisor = await officeDoor(office, await person('tablet'));
  await supervisor.openApplication(ticket);
  await supervisor.decide('Ditolak', 'Buku nikah tidak sesuai dengan data.');
  const lost = await tablet(office, await person('tablet'));
  const other = await lost.door.register('Kusnadi', '1604121203850002');
  await lost.door.sendNow();
  await lost.browser.close();
  await a.door.seeRecord(other.ticket);
  await expect(a.door.row(ticket)).toContainText('Ditolak');
  const before = await office.recordCount();

  await office.lose();
  await office.restoreFrom(backup);
  const restored = await officeDoor(office, await person('tablet'));
  await expect(restored.row(ticket)).toBeVisible();
  await expect(restored.row(other.ticket)).toBeHidden();

  // Nobody does anything by hand but open the app.
  await a.door.fetchNews();
  await expect(async () => {
    await restored.showApplications();
    await expect(restored.row(other.ticket)).toContainText('Kusnadi', { timeout: 2_000 });
    await expect(restored.row(ticket)).toContainText('Ditolak', { timeout: 2_000 });
  }).toPass();
  expect(await office.recordCount()).toBe(before);
});

interface Tablet extends Person {
  readonly door: FieldDoor;
}

/** A tablet prepared for the day. */
async function tablet(office: Office, person: Person): Promise<Tablet> {
  const door = new FieldDoor(person.browser.page, person.network.origin);
  await door.prepare(await office.account('rina'));
  return { ...person, door };
}

async function officeDoor(office: Office, { browser, network }: Person): Promise<OfficeDoor> {
  const door = new OfficeDoor(browser.page, network.origin);
  await door.signIn(await office.account('sari'));
  return door;
}

/** Deletes all that a name stands on from the app's storage, as a fault of the disk would. Says how many documents. */
function loseFromStorage(page: Page, name: string): Promise<number> {
  return page.evaluate(async (lost) => {
    const done = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(new Error('the storage does not answer'));
      });
    const db = await done(indexedDB.open('mpp-petugas'));
    const tx = db.transaction(['documents', 'rows'], 'readwrite');
    const rows: { id: string; name: string }[] = await done(tx.objectStore('rows').getAll());
    const named = rows.filter((row) => row.name === lost);
    for (const { id } of named) {
      await done(tx.objectStore('documents').delete(id));
      await done(tx.objectStore('rows').delete(id));
    }
    db.close();
    return named.length;
  }, name);
}
