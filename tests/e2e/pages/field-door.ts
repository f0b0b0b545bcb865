// What an officer does at /petugas/ on one tablet.

import { expect, type Locator, type Page } from '@playwright/test';
import type { Account } from '../harness/office.ts';

/** What the resident takes home. */
export interface Slip {
  readonly ticket: string;
  readonly tracking: string;
}

export class FieldDoor {
  /** Another one after the browser was started again. */
  page: Page;
  readonly #origin: string;

  constructor(page: Page, origin: string) {
    this.page = page;
    this.#origin = origin;
  }

  async open(): Promise<void> {
    await this.page.goto(`${this.#origin}/petugas/`);
  }

  /** Signs in and downloads the first day of the list: what is done at the office, with a network. */
  async prepare(account: Account): Promise<void> {
    await this.open();
    await this.page.getByLabel('Nama pengguna').fill(account.username);
    await this.page.getByLabel('Kata sandi').fill(account.password);
    await this.page.getByRole('button', { name: 'Masuk' }).click();
    await this.page.getByRole('button', { name: 'Siapkan untuk hari ini' }).first().click();
    await expect(this.page.getByText(/Tablet [A-Z]+ siap dipakai tanpa sinyal/)).toBeVisible();
    await this.page.getByRole('button', { name: 'Mulai melayani' }).click();
    await expect(this.takeTicketButton).toBeVisible();
    // The worker is what opens the door again where there is no network.
    await this.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  }

  get takeTicketButton(): Locator {
    return this.page.getByRole('button', { name: /Ambil nomor antrean/ });
  }

  /** One tap: a number and a code, before anything personal is typed. Ends on the slip. */
  async takeTicket(): Promise<Slip> {
    await this.goHome();
    await this.takeTicketButton.click();
    const codes = this.page.locator('.slip .code');
    await expect(codes).toHaveCount(2);
    const [ticket = '', tracking = ''] = await codes.allInnerTexts();
    return { ticket, tracking };
  }

  /** Tickets in the queue of the home screen, which must not be empty. */
  async queue(): Promise<string[]> {
    await this.goHome();
    const codes = this.page.locator('.queue .code');
    await expect(codes.first()).toBeVisible();
    return codes.allInnerTexts();
  }

  async serve(): Promise<void> {
    await this.page.getByRole('button', { name: 'Layani sekarang' }).click();
  }

  async goHome(): Promise<void> {
    await this.page.getByRole('navigation').getByRole('link', { name: 'Beranda' }).click();
  }

  /** One field of somebody in the form, as `applicant.name`, or of the service, as `fields.reason`. */
  field(key: string): Locator {
    return this.page.locator(`[data-field="${key}"]`);
  }

  input(key: string): Locator {
    return this.field(key).locator('input, textarea, select').first();
  }

  async type(key: string, text: string): Promise<void> {
    await this.input(key).fill(text);
  }

  /** Takes one of a few choices, or of a list. */
  async choose(key: string, choice: string): Promise<void> {
    const list = this.field(key).getByRole('combobox');
    await expect(this.field(key)).toBeVisible();
    if (await list.isVisible()) await list.selectOption({ label: choice });
    else await this.field(key).getByText(choice, { exact: true }).click();
  }

  /** Takes the first of the day's villages, which always show their kecamatan. */
  async chooseVillage(role: 'applicant' | 'subject'): Promise<void> {
    const first = this.field(`${role}.village`).getByRole('button').first();
    await expect(first).toContainText('Kec. ');
    await first.click();
  }

  async chooseService(name: string): Promise<void> {
    await this.page.getByLabel('Cari layanan').fill(name);
    await this.page.getByRole('button', { name }).click();
  }

  /** Saves the form; ends on the receipt, where it says that it is safe on this tablet. */
  async save(): Promise<void> {
    await this.page.getByRole('button', { name: 'Simpan', exact: true }).click();
    await expect(this.page.getByText('Diterima, belum diproses')).toBeVisible();
  }

  /** Serves a new resident who comes for a family card, and saves. Returns what the resident takes home. */
  async register(name: string, nik: string): Promise<Slip> {
    const slip = await this.takeTicket();
    await this.serve();
    await this.fillFamilyCard(name, nik);
    await this.save();
    return slip;
  }

  /** Lays an earlier registration into the open form. */
  async useResident(name: string): Promise<void> {
    await this.page.getByLabel('Cari warga').fill(name);
    await this.page.getByRole('listitem').filter({ hasText: name }).getByRole('button').click();
  }

  /** Fills the form of a new resident who comes for a family card. */
  async fillFamilyCard(name: string, nik: string): Promise<void> {
    await this.type('applicant.nik', nik);
    await this.type('applicant.name', name);
    await this.type('applicant.kk', '1604121203100007');
    await this.type('applicant.phone', '0812-7345-6789');
    await this.chooseVillage('applicant');
    await this.chooseService('Penerbitan/Perubahan Kartu Keluarga');
    await this.choose('fields.reason', 'Perubahan data');
    await this.type('fields.changed_data', 'Pekerjaan: pedagang');
  }

  /** Sends what waits, and waits until everything is at the office. */
  async sendNow(): Promise<void> {
    const send = this.syncBar.getByRole('button', { name: 'Kirim sekarang' });
    const done = this.syncBar.getByText('Semua sudah di kantor');
    // The tablet also sends by itself: the button may go away between looking and pressing.
    await expect(async () => {
      if (await send.isVisible()) await send.click({ timeout: 1_000 });
      await expect(done).toBeVisible({ timeout: 1_000 });
    }).toPass();
  }

  /** Waits until what others did has come in too: the door asks by itself when it is opened. */
  async fetchNews(): Promise<void> {
    await this.page.reload();
    await expect(this.syncBar).toContainText('Semua sudah di kantor');
  }

  /** What the tablet says about what is sent and what is not. */
  get syncBar(): Locator {
    return this.page.getByRole('region', { name: 'Pengiriman' });
  }

  async openRecords(): Promise<void> {
    await this.page.getByRole('navigation').getByRole('link', { name: 'Permohonan' }).click();
  }

  /** The row of one application in the list. */
  row(ticket: string): Locator {
    return this.page.getByRole('main').getByRole('listitem').filter({ hasText: ticket });
  }

  async openRecord(ticket: string): Promise<void> {
    await this.openRecords();
    await this.row(ticket).getByRole('link').click();
  }

  /** Waits until an application of another tablet has come in. */
  async seeRecord(ticket: string): Promise<void> {
    await this.fetchNews();
    await this.openRecords();
    await expect(this.row(ticket)).toBeVisible();
  }

  /** Sets the status of the open record. */
  async setStatus(status: string): Promise<void> {
    await this.page.getByRole('button', { name: `Ubah menjadi ${status}` }).click();
    await expect(this.page.getByText('Tersimpan di tablet ini.')).toBeVisible();
    await expect(this.page.getByRole('button', { name: `Ubah menjadi ${status}` })).toBeHidden();
  }

  /** The notice that the open record holds two statuses that exclude each other. */
  get conflict(): Locator {
    return this.page.getByRole('main').getByText('Status bertentangan');
  }

  /** Continues what was typed for a ticket before. */
  async continueDraft(ticket: string): Promise<void> {
    const draft = this.page.getByRole('listitem').filter({ hasText: ticket });
    await draft.getByRole('link', { name: 'Lanjutkan' }).click();
  }

  /** Waits until the draft with a name is on the disk, as an officer sees it in the list. */
  async untilDraftIsKept(name: string): Promise<void> {
    await this.page.getByRole('button', { name: 'Lanjutkan nanti' }).click();
    await expect(this.page.getByRole('listitem').filter({ hasText: name })).toBeVisible();
    await this.page.getByRole('link', { name: 'Lanjutkan' }).click();
    await expect(this.input('applicant.name')).toHaveValue(name);
  }
}
