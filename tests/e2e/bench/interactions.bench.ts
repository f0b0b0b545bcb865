// How often an officer touches the tablet, from the home screen to the durable receipt, at 1280×800. A tap, a scroll and a
// list that is opened count one each; characters are reported apart.

import type { Locator, Page } from '@playwright/test';
import type { Office } from '../harness/office.ts';
import { expect, test } from '../harness/test.ts';
import { FieldDoor } from '../pages/field-door.ts';
import { keep } from './rows.ts';

const NIK = '1604125203900001';
const FAMILY_CARD = 'Penerbitan/Perubahan Kartu Keluarga';

test('interactions', async ({ office, person }) => {
  const { browser, network } = await person('tablet');
  const door = new FieldDoor(browser.page, network.origin);
  await door.prepare(await office.account('rina'));
  const hand = new Hand(browser.page);

  await visitBegins(hand, door);
  await hand.type(door.input('applicant.nik'), NIK);
  await hand.type(door.input('applicant.name'), 'Siti Rahayu');
  await hand.type(door.input('applicant.kk'), '1604121203100007');
  await hand.type(door.input('applicant.phone'), '081273456789');
  await hand.tap(door.field('applicant.village').getByRole('button').first());
  await chooseCard(hand, door);
  const requirements = await showAll(hand, door);
  await save(hand, door);
  const first = hand.taken();
  await keep(
    'interactions: new resident with one application',
    '≤ 25',
    `${String(first.touches)} (${requirements} for all requirements at once), ${String(first.characters)} characters`,
    first.touches <= 25,
  );

  await hand.tap(door.page.getByRole('button', { name: 'Layanan lain untuk orang ini' }));
  await chooseCard(hand, door);
  await showAll(hand, door);
  await save(hand, door);
  await report('interactions: second application of the visit', hand, 3);

  await hand.tap(door.page.getByRole('button', { name: 'Berikutnya' }));
  hand.taken();
  await visitBegins(hand, door);
  await hand.type(door.input('applicant.nik'), NIK);
  await hand.tap(door.page.getByRole('button', { name: 'Pakai data ini' }));
  await chooseCard(hand, door);
  await showAll(hand, door);
  await save(hand, door);
  await report('interactions: returning resident', hand, 8);
});

/** Against a goal that grows by one for each requirement not shown before in this visit. */
async function report(name: string, hand: Hand, limit: number): Promise<void> {
  const { touches, declared, characters } = hand.taken();
  // What the service itself asks for is no part of the goal's fixture, and is named beside it.
  const result = `${String(touches)}, of them ${String(declared)} for the service's own fields and requirements; ${String(characters)} characters`;
  await keep(name, `≤ ${String(limit)} and one per requirement`, result, touches <= limit + declared);
}

async function visitBegins(hand: Hand, door: FieldDoor): Promise<void> {
  await hand.tap(door.takeTicketButton);
  await hand.tap(door.page.getByRole('button', { name: 'Layani sekarang' }));
}

async function chooseCard(hand: Hand, door: FieldDoor): Promise<void> {
  const card = door.page.getByRole('button', { name: FAMILY_CARD });
  const search = door.page.getByLabel('Cari layanan');
  await expect(search.or(card).first()).toBeVisible();
  if (!(await card.first().isVisible())) await hand.type(search, 'Kartu Keluarga');
  await hand.tap(card.first());
  await expect(door.field('fields.reason')).toBeVisible();
  await hand.pick(door.field('fields.reason').getByRole('combobox'), 'Perubahan data');
  await hand.type(door.input('fields.changed_data'), 'Pekerjaan: pedagang');
  hand.declared += 3;
}

/** Marks every requirement as shown. */
async function showAll(hand: Hand, door: FieldDoor): Promise<string> {
  const all = door.page.getByRole('button', { name: 'Semua ada' });
  if (!(await all.isVisible()) || !(await all.isEnabled())) return 'none';
  await hand.tap(all);
  hand.declared += 1;
  return 'one';
}

async function save(hand: Hand, door: FieldDoor): Promise<void> {
  await hand.tap(door.page.getByRole('button', { name: 'Simpan', exact: true }));
  await expect(door.page.getByText('Diterima, belum diproses')).toBeVisible();
}

/** A hand that counts. */
class Hand {
  declared = 0;
  #touches = 0;
  #characters = 0;
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async tap(target: Locator): Promise<void> {
    await this.#see(target);
    this.#touches += 1;
    await target.click();
  }

  /** A field is touched once, unless it has the focus already. */
  async type(field: Locator, text: string): Promise<void> {
    await expect(field).toBeVisible();
    const focused = await field.evaluate((one) => one === document.activeElement);
    if (!focused) await this.tap(field);
    this.#characters += text.length;
    await field.fill(text);
    // The officer goes on to the next field; what that moves on the page has moved then.
    await field.blur();
  }

  /** A list is opened, and one of it chosen. */
  async pick(list: Locator, label: string): Promise<void> {
    await this.#see(list);
    this.#touches += 2;
    await list.selectOption({ label });
  }

  taken(): { touches: number; declared: number; characters: number } {
    const taken = { touches: this.#touches, declared: this.declared, characters: this.#characters };
    this.#touches = 0;
    this.#characters = 0;
    this.declared = 0;
    return taken;
  }

  /** Scrolls once when the target is not on the screen. */
  async #see(target: Locator): Promise<void> {
    await expect(target).toBeVisible();
    const height = this.#page.viewportSize()?.height ?? 0;
    const box = await target.boundingBox();
    if (box !== null && box.y >= 0 && box.y + box.height <= height) return;
    this.#touches += 1;
    await target.scrollIntoViewIfNeeded();
  }
}
