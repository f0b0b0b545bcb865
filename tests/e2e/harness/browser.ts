// A real Chromium for each person, with a profile folder that survives the browser.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, type BrowserContext, type Page } from '@playwright/test';

const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const TABLET = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

export class Browser {
  readonly #profile: string;
  readonly #screen: { width: number; height: number };
  #context: BrowserContext | undefined;
  #page: Page | undefined;

  private constructor(profile: string, screen: { width: number; height: number }) {
    this.#profile = profile;
    this.#screen = screen;
  }

  /** A browser on a screen as large as a tablet's, or a phone's. */
  static async open(screen: 'tablet' | 'phone'): Promise<Browser> {
    const profile = await mkdtemp(join(tmpdir(), 'mpp-browser-'));
    const browser = new Browser(profile, screen === 'tablet' ? TABLET : PHONE);
    await browser.launch();
    return browser;
  }

  /** The one page of this browser. */
  get page(): Page {
    if (this.#page === undefined) throw new Error('this browser is not running');
    return this.#page;
  }

  /** Opens another tab of the same browser; it becomes the page of this browser when told so. */
  async newTab(): Promise<Page> {
    if (this.#context === undefined) throw new Error('this browser is not running');
    return this.#context.newPage();
  }

  /** Starts the browser on the profile it had before. */
  async launch(): Promise<void> {
    this.#context = await chromium.launchPersistentContext(this.#profile, {
      executablePath: EXECUTABLE,
      args: FLAGS,
      headless: true,
      chromiumSandbox: false,
      viewport: this.#screen,
      locale: 'id-ID',
      timezoneId: 'Asia/Jakarta',
    });
    this.#page = this.#context.pages()[0] ?? (await this.#context.newPage());
  }

  /**
   * Closes the browser as a person does and starts it again. What Chromium writes only now and then, as
   * cookies, is on the disk afterwards.
   */
  async restart(): Promise<void> {
    await this.#context?.close();
    await this.launch();
  }

  /** Ends every process of this browser at once, without a word: kill -9. */
  async kill(): Promise<void> {
    const context = this.#context;
    if (context === undefined) return;
    const closed = context.waitForEvent('close');
    this.#context = undefined;
    this.#page = undefined;
    for (const id of await processesOf(this.#profile)) {
      try {
        process.kill(id, 'SIGKILL');
      } catch {
        // It ended together with its parent.
      }
    }
    await closed;
    while ((await processesOf(this.#profile)).length > 0) await sleep(50);
  }

  /** What Chromium noted about the databases of the pages, oldest first: whether it found one broken and began anew. */
  async storageLog(): Promise<string> {
    const files = await readdir(this.#profile, { recursive: true });
    const logs = files.filter((file) => /IndexedDB\/.*\/LOG(\.old)?$/.test(file)).sort().reverse();
    const texts = logs.map(async (file) => `== ${file}\n${await readFile(join(this.#profile, file), 'utf8')}`);
    return (await Promise.all(texts)).join('\n');
  }

  /** Closes the browser as a person does, and removes its profile. */
  async close(): Promise<void> {
    await this.#context?.close();
    this.#context = undefined;
    this.#page = undefined;
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Ids of the living processes that were started on a profile folder, the browser itself first. */
async function processesOf(profile: string): Promise<number[]> {
  const found: { id: number; child: boolean }[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    // A process may end while we look; then it has no command line.
    const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(profile)) found.push({ id: Number(entry), child: command.includes('--type=') });
  }
  return found.sort((a, b) => Number(a.child) - Number(b.child)).map(({ id }) => id);
}
