// The real server, on a folder of its own, as `mpp serve --demo` starts it.

import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './proxy.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

/** One account of the demo, with the password that the server made up. */
export interface Account {
  readonly username: string;
  readonly password: string;
  readonly display_name: string;
  readonly roles: readonly string[];
}

/** A backup of an office, and the text of the envelope without which nobody can read it. */
export interface Backup {
  readonly file: string;
  readonly envelope: string;
}

export class Office {
  readonly port: number;
  readonly #program: string;
  readonly #folder: string;
  #envelope: string | undefined;
  #passwords = '';
  #process: ChildProcess | undefined;
  #log = '';

  private constructor(program: string, port: number, folder: string) {
    this.#program = program;
    this.port = port;
    this.#folder = folder;
  }

  /** Starts an office with demo data and waits until it answers. */
  static async open(program: string): Promise<Office> {
    const office = new Office(program, await freePort(), await mkdtemp(join(tmpdir(), 'mpp-office-')));
    await office.start();
    return office;
  }

  get origin(): string {
    return `http://localhost:${String(this.port)}`;
  }

  /** What the server has written to its log so far. */
  get log(): string {
    return this.#log;
  }

  /** Starts the server on the folder it had before. */
  async start(): Promise<void> {
    const child = spawn(
      this.#program,
      ['serve', '--demo', '--data', this.#folder, '--listen', `127.0.0.1:${String(this.port)}`],
      { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => {
        this.#log += text.toString();
      });
    }
    await untilHealthy(this.origin, child, () => this.#log);
  }

  /** Ends the server the hard way, as a power cut does. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** How many residents, visits and applications the office holds, by its own count. Ends the server. */
  async recordCount(): Promise<number> {
    await this.kill();
    const { count } = JSON.parse((await this.run('digest')).trim().split('\n').at(-1) ?? '') as { count: number };
    return count;
  }

  /** Runs another task of the program on the office's folder and returns what it printed. */
  run(...task: string[]): Promise<string> {
    return printed(this.#program, [...task, '--data', this.#folder]);
  }

  /** Makes a backup while the server runs; the first one sets backups up. */
  async backUp(): Promise<Backup> {
    const place = `${this.#folder}-backups`;
    this.#envelope ??= await this.run('backup', 'init');
    await this.run('backup', '--to', place);
    const names = await readdir(place);
    return { file: join(place, names.sort().at(-1) ?? ''), envelope: this.#envelope };
  }

  /** The machine is gone, with everything on it. */
  async lose(): Promise<void> {
    await this.kill();
    // The demo writes its passwords to a file, which is no part of what an office holds.
    this.#passwords = await readFile(this.#accountsFile, 'utf8');
    await rm(this.#folder, { recursive: true });
  }

  /** Restores it as the documentation says: on a new folder, with the text of the envelope. */
  async restoreFrom({ file, envelope }: Backup): Promise<void> {
    await printed(this.#program, ['restore', '--from', file, '--data', this.#folder], envelope);
    await writeFile(this.#accountsFile, this.#passwords);
    await this.start();
  }

  /** Ends the server and removes its folder. */
  async close(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
    await rm(`${this.#folder}-backups`, { recursive: true, force: true });
  }

  /** The demo accounts, as the server wrote them down. */
  async accounts(): Promise<readonly Account[]> {
    const text = await readFile(this.#accountsFile, 'utf8');
    return JSON.parse(text) as readonly Account[];
  }

  /** One of them. */
  async account(username: string): Promise<Account> {
    const found = (await this.accounts()).find((one) => one.username === username);
    if (found === undefined) throw new Error(`the demo has no account ${username}`);
    return found;
  }

  get #accountsFile(): string {
    return join(this.#folder, 'demo-accounts.json');
  }
}

/** Waits until a server answers. */
export async function untilHealthy(origin: string, child: ChildProcess, log: () => string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server ended at its start:\n${log()}`);
    try {
      const answer = await fetch(`${origin}/healthz`);
      if (answer.ok) return;
    } catch {
      // It does not listen yet.
    }
    await sleep(100);
  }
}

/** Runs a program to its end, with something on its standard input, and returns what it printed. */
export async function printed(program: string, task: string[], input = ''): Promise<string> {
  const running = promisify(execFile)(program, task);
  running.child.stdin?.end(input);
  return (await running).stdout;
}
