// The form under an officer's finger.

import { expect, test } from '../harness/test.ts';
import { FieldDoor } from '../pages/field-door.ts';

test('the button under a finger stays there when the field before it gets a remark', async ({ office, person }) => {
  const { browser, network } = await person('tablet');
  const door = new FieldDoor(browser.page, network.origin);
  await door.prepare(await office.account('rina'));
  await door.takeTicket();
  await door.serve();
  await door.chooseService('Penerbitan/Perubahan Kartu Keluarga');
  await door.type('applicant.phone', '12');
  // The field keeps the focus while the officer looks at the end of the form.
  await door.page.evaluate(() => window.scrollTo({ top: document.body.scrollHeight, behavior: 'instant' }));
  const save = door.page.getByRole('button', { name: 'Simpan', exact: true });
  const place = await save.boundingBox();
  if (place === null) throw new Error('the button is not on the screen');

  await door.page.mouse.move(place.x + place.width / 2, place.y + place.height / 2);
  // Down and up apart, as a finger does it: the field loses the focus in between, and its remark appears.
  await door.page.mouse.down();
  await expect(door.field('applicant.phone').locator('.error')).toBeVisible();
  // A pressed button sinks by one pixel.
  expect(Math.abs(((await save.boundingBox())?.y ?? 0) - place.y)).toBeLessThanOrEqual(1);
  await door.page.mouse.up();
  await expect(door.page.getByRole('button', { name: /perlu diperbaiki/ })).toBeVisible();
});
