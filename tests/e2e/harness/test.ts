// The `test` of every spec: an office for each test, and people who come with a browser.

import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { test as base } from '@playwright/test';
import { Browser } from './browser.ts';
import { Hub } from './hub.ts';
import { ShapedLink } from './link.ts';
import { Office } from './office.ts';
import { NetworkPath } from './proxy.ts';

export { expect } from '@playwright/test';

const BUILT = resolve(import.meta.dirname, '../../../target/debug');

/** Somebody with a browser and a network path of their own. */
export interface Person {
  readonly browser: Browser;
  readonly network: NetworkPath;
}

/** The programs that a story runs. */
interface Programs {
  readonly office: string;
  readonly link: string;
}

interface Fixtures {
  programs: Programs;
  /** A fresh office with demo data. */
  office: Office;
  /** Lets somebody come with a tablet or a phone. They leave when the test ends. */
  person: (screen: 'tablet' | 'phone') => Promise<Person>;
  /** Joins a hub to the office. It ends with the test. */
  hub: (name: string) => Promise<Hub>;
  /** Opens a link to a port that can be made bad. It closes when the test ends. */
  badLink: (port: number) => Promise<ShapedLink>;
}

export const test = base.extend<Fixtures>({
  programs: [
    {
      office: process.env['MPP_BINARY'] ?? join(BUILT, 'mpp'),
      link: process.env['MPP_LINK'] ?? join(BUILT, 'shaped-link'),
    },
    { option: true },
  ],
  office: async ({ programs }, use, info) => {
    const office = await Office.open(programs.office);
    await use(office);
    await office.close();
    if (info.status !== info.expectedStatus) await info.attach('office.log', { body: office.log });
  },
  person: async ({ office }, use, info) => {
    const people: Person[] = [];
    await use(async (screen) => {
      const network = await NetworkPath.open(office.port);
      const person = { browser: await Browser.open(screen), network };
      people.push(person);
      return person;
    });
    for (const [index, { browser, network }] of people.entries()) {
      if (info.status !== info.expectedStatus) {
        await keepScreen(browser, info.outputPath(`${String(index)}.png`));
        await writeFile(info.outputPath(`${String(index)}-storage.log`), await browser.storageLog());
      }
      await browser.close();
      await network.cut();
    }
  },
  hub: async ({ programs, office }, use, info) => {
    const hubs: Hub[] = [];
    await use(async (name) => {
      const hub = await Hub.join(programs.office, office, name);
      hubs.push(hub);
      return hub;
    });
    for (const hub of hubs) {
      await hub.close();
      if (info.status !== info.expectedStatus) await info.attach('hub.log', { body: hub.log });
    }
  },
  badLink: async ({ programs }, use) => {
    const links: ShapedLink[] = [];
    await use(async (port) => {
      const link = await ShapedLink.open(programs.link, port);
      links.push(link);
      return link;
    });
    for (const link of links) link.close();
  },
});

/** A picture of what somebody saw when the test failed, if their browser still lives. */
async function keepScreen(browser: Browser, path: string): Promise<void> {
  try {
    await browser.page.screenshot({ path, fullPage: true });
  } catch {
    // The test failed while the browser was down.
  }
}
