// What a supervisor does at /kantor: look, choose, decide.

import { expect, type Locator, type Page } from '@playwright/test';
import type { Account } from '../harness/office.ts';

export class OfficeDoor {
  readonly page: Page;
  readonly #origin: string;

  constructor(page: Page, origin: string) {
    this.page = page;
    this.#origin = origin;
  }

  async signIn(account: Account): Promise<void> {
    await this.page.goto(`${this.#origin}/kantor`);
    await this.page.getByLabel('Nama pengguna').fill(account.username);
    await this.page.getByLabel('Kata sandi').fill(account.password);
    await this.page.getByRole('button', { name: 'Masuk' }).click();
    await expect(this.page.getByRole('searchbox')).toBeVisible();
  }

  /** The list of applications, as it is now. */
  async showApplications(): Promise<void> {
    await this.page.goto(`${this.#origin}/kantor#/`);
    await this.page.reload();
  }

  /** Looks again at the page that is open. */
  async reload(): Promise<void> {
    await this.page.reload();
  }

  async showTablets(): Promise<void> {
    await this.page.getByRole('navigation').getByRole('link', { name: 'Tablet' }).click();
  }

  async showDays(): Promise<void> {
    await this.page.getByRole('navigation').getByRole('link', { name: 'Hari layanan' }).click();
  }

  /** The cards of the service days, the nearest first. */
  get days(): Locator {
    return this.page.getByRole('main').locator('section').filter({ hasText: 'Instansi' });
  }

  /** Hands in a file that a tablet wrote. */
  async importFile(path: string): Promise<void> {
    await this.showTablets();
    await this.page.getByLabel('Impor berkas tablet').setInputFiles(path);
  }

  /** The row of one application. */
  row(ticket: string): Locator {
    return this.page.getByRole('row').filter({ hasText: ticket });
  }

  /** Opens the application that was taken with a ticket. */
  async openApplication(ticket: string): Promise<void> {
    await this.showApplications();
    await this.row(ticket).getByRole('link').click();
    await expect(this.page.getByRole('main')).toContainText(ticket);
  }

  /** A card of the open record, by its title. */
  card(title: string): Locator {
    return this.page
      .getByRole('main')
      .locator('section')
      .filter({ has: this.page.getByRole('heading', { name: title }) });
  }

  /** The card with the spellings of one resident's name side by side. */
  get spellings(): Locator {
    return this.card('Satu orang, dua ejaan nama');
  }

  /** One spelling, with who typed it and the button to choose it. */
  spelling(name: string): Locator {
    return this.spellings.locator('.option').filter({ hasText: name });
  }

  async chooseSpelling(name: string): Promise<void> {
    await this.spelling(name).getByRole('button', { name: 'Pilih' }).click();
    await expect(this.spellings).toContainText(`Ejaan yang dipakai: ${name}`);
  }

  async undoSpelling(): Promise<void> {
    await this.spellings.getByRole('button', { name: 'Urungkan' }).click();
    await expect(this.spellings).not.toContainText('Ejaan yang dipakai');
  }

  /** Decides the next status; those that are bad news ask for a reason. */
  async decide(status: string, reason?: string): Promise<void> {
    await this.page.getByRole('main').getByRole('button', { name: status, exact: true }).click();
    await this.#confirm(reason);
  }

  /** The card with two statuses that cannot both hold. */
  get statusConflict(): Locator {
    return this.card('Dua keputusan yang tidak dapat berlaku bersamaan');
  }

  /** Resolves the conflict: this status holds. */
  async keepStatus(status: string, reason?: string): Promise<void> {
    await this.statusConflict.getByRole('button', { name: `Berlakukan ${status}` }).click();
    await this.#confirm(reason);
    await expect(this.statusConflict).toBeHidden();
  }

  async #confirm(reason: string | undefined): Promise<void> {
    const dialog = this.page.getByRole('dialog');
    if (reason !== undefined) await dialog.getByLabel('Alasan').fill(reason);
    await dialog.getByRole('button', { name: 'Tetapkan' }).click();
    await expect(dialog).toBeHidden();
  }
}
