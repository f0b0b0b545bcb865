// What an officer does at /petugas on one tablet.

import { expect, type Locator, type Page } from '@playwright/test';
import type { Account } from '../harness/office.ts';

export class FieldDoor {
  readonly page: Page;
  readonly #origin: string;

  constructor(page: Page, origin: string) {
    this.page = page;
    this.#origin = origin;
  }

  async open(): Promise<void> {
    await this.page.goto(`${this.#origin}/petugas`);
  }

  /** Signs in and downloads the day at a place: what is done at the office, with a network. */
  async prepare(account: Account, place: string): Promise<void> {
    await this.open();
    await this.page.getByLabel('Nama pengguna').fill(account.username);
    await this.page.getByLabel('Kata sandi').fill(account.password);
    await this.page.getByRole('button', { name: 'Masuk' }).click();
    const day = this.page.locator('section').filter({ hasText: place }).first();
    await day.getByRole('button', { name: 'Siapkan untuk hari ini' }).click();
    await expect(this.page.getByText(/Tablet [A-Z]+ siap dipakai tanpa sinyal/)).toBeVisible();
    await this.page.getByRole('button', { name: 'Mulai melayani' }).click();
  }

  /** Waits until the door is on the device and needs no network any more. */
  async untilKept(): Promise<void> {
    await this.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  }

  /** What the tablet says about what is sent and what is not. */
  says(words: string | RegExp): Locator {
    return this.page.getByText(words).first();
  }

  async sendNow(): Promise<void> {
    await this.page.getByRole('button', { name: 'Kirim sekarang' }).click();
    await expect(this.says('Semua sudah di kantor')).toBeVisible();
  }
}
