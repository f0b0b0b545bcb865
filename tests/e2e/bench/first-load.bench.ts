// What a door weighs on a cold cache until its main action works, and how long a resident waits for it.

import type { CDPSession, Page } from '@playwright/test';
import { expect, test } from '../harness/test.ts';
import { keep } from './rows.ts';

/** A phone's link and processor, as the goal names them. */
const PHONE_LINK = { bits_per_second: 1_600_000, round_trip_ms: 150 };
const SLOWER = 6;

const DOORS = [
  {
    name: 'resident',
    path: '/',
    screen: 'phone',
    limit: 100_000,
    works: (page: Page) => page.getByRole('heading', { level: 1, name: /Layanan pemerintah datang/ }),
  },
  {
    name: 'officer',
    path: '/petugas/',
    screen: 'tablet',
    limit: 700_000,
    works: (page: Page) => page.getByLabel('Nama pengguna'),
  },
  { name: 'office', path: '/kantor/', screen: 'tablet', works: (page: Page) => page.getByLabel('Nama pengguna') },
] as const;

for (const door of DOORS) {
  test(`first load of the ${door.name} door`, async ({ office, person, badLink }) => {
    const { browser } = await person(door.screen);
    const link = await badLink(office.port);
    const bytes = await counted(await browser.page.context().newCDPSession(browser.page));
    await browser.page.goto(`${link.origin}${door.path}`);
    await expect(door.works(browser.page)).toBeVisible();
    // Services and days of the first page are asked for at once; icons come last.
    await browser.page.waitForLoadState('networkidle');
    const encoded = bytes();
    const { down } = await link.passed();
    const goal = 'limit' in door ? `≤ ${String(door.limit / 1000)} KB` : 'reported';
    const result = `${kilobytes(encoded)} with headers; ${kilobytes(down)} over the wire with what is kept for later`;
    await keep(`first load, ${door.name}: encoded bytes, cold cache`, goal, result, 'limit' in door ? encoded <= door.limit : undefined);
  });
}

test('time until the resident door works', async ({ office, person, badLink }) => {
  const seconds: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const { browser } = await person('phone');
    const link = await badLink(office.port);
    await link.shape(PHONE_LINK);
    const devtools = await browser.page.context().newCDPSession(browser.page);
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
    await browser.page.goto(`${link.origin}/`, { waitUntil: 'commit' });
    await expect(browser.page.getByRole('heading', { level: 1, name: /Layanan pemerintah datang/ })).toBeVisible();
    seconds.push((await browser.page.evaluate(() => performance.now())) / 1000);
    await browser.close();
  }
  const best = Math.min(...seconds);
  const result = `${best.toFixed(2)} s at best, ${Math.max(...seconds).toFixed(2)} s at worst, of ${String(seconds.length)}`;
  await keep('first load, resident: usable at 1.6 Mbit/s, 150 ms, CPU 6 × slower', '≤ 2 s', result, best <= 2);
});

/** Counts the encoded bytes, headers included, of what this page loads itself. */
async function counted(devtools: CDPSession): Promise<() => number> {
  let bytes = 0;
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await devtools.send('Network.enable');
  await devtools.send('Network.clearBrowserCache');
  return () => bytes;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} KB`;
}
