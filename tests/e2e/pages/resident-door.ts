// What residents do at /: read, and track one code.

import type { Locator, Page } from '@playwright/test';

export class ResidentDoor {
  readonly page: Page;
  readonly #origin: string;

  constructor(page: Page, origin: string) {
    this.page = page;
    this.#origin = origin;
  }

  async open(): Promise<void> {
    await this.page.goto(`${this.#origin}/`);
  }

  /** The heading of the first page. */
  get welcome(): Locator {
    return this.page.getByRole('heading', { level: 1, name: /Layanan pemerintah datang/ });
  }

  /** Every service in the list of the services page. */
  get services(): Locator {
    return this.page.getByRole('main').getByRole('listitem');
  }

  async showServices(): Promise<void> {
    await this.page.getByRole('banner').getByRole('link', { name: 'Layanan' }).click();
  }

  /** Waits until the door is on the device, worker and information, and needs no network any more. */
  async untilKept(): Promise<void> {
    await this.page.evaluate(async () => {
      await navigator.serviceWorker.ready;
      for (;;) {
        const kept = await caches.match('/api/public/services');
        if (kept !== undefined) return;
        await new Promise((again) => setTimeout(again, 100));
      }
    });
  }

  /** Asks for a code as somebody with a ticket in the hand. */
  async track(code: string): Promise<void> {
    await this.page.getByRole('banner').getByRole('link', { name: 'Lacak' }).click();
    await this.page.getByLabel('Kode lacak').fill(code);
    await this.page.getByRole('button', { name: 'Lacak' }).click();
  }

  /** The answer to a tracked code. */
  get answer(): Locator {
    return this.page.getByRole('main');
  }
}
