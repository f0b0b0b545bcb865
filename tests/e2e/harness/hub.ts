// The real program as the van's hub: joined to an office over a cable that can be cut.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { printed, untilHealthy, type Office } from './office.ts';
import { freePort, NetworkPath } from './proxy.ts';

export class Hub {
  readonly port: number;
  /** The way to the office. */
  readonly cable: NetworkPath;
  readonly #folder: string;
  readonly #process: ChildProcess;
  #log = '';

  private constructor(program: string, port: number, folder: string, cable: NetworkPath) {
    this.port = port;
    this.cable = cable;
    this.#folder = folder;
    const listen = `127.0.0.1:${String(port)}`;
    const task = ['serve', '--data', folder, '--listen', listen, '--upstream', cable.origin, '--upstream-every', '1'];
    this.#process = spawn(program, task, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.#log += text.toString();
      });
    }
  }

  /** Lets a hub join with a one-time code, starts it and waits until it answers. */
  static async join(program: string, office: Office, name: string): Promise<Hub> {
    const said = await office.run('hub', 'code', '--name', name);
    const code = /: (\S+)/.exec(said)?.[1];
    if (code === undefined) throw new Error(`no code in: ${said}`);
    const cable = await NetworkPath.open(office.port);
    const folder = await mkdtemp(join(tmpdir(), 'mpp-hub-'));
    await printed(program, ['hub', 'enroll', '--data', folder, '--upstream', cable.origin, '--code', code]);
    const hub = new Hub(program, await freePort(), folder, cable);
    await untilHealthy(hub.origin, hub.#process, () => hub.#log);
    return hub;
  }

  get origin(): string {
    return `http://localhost:${String(this.port)}`;
  }

  /** What the server has written to its log so far. */
  get log(): string {
    return this.#log;
  }

  /** What it says of itself. */
  async health(): Promise<{ upstream: { reached_at: number | null; waiting_frames: number } }> {
    const answer = await fetch(`${this.origin}/healthz`);
    return (await answer.json()) as { upstream: { reached_at: number | null; waiting_frames: number } };
  }

  /** Waits until a contact with the office that began after now left nothing waiting. */
  async passOn(): Promise<void> {
    const now = Math.floor(Date.now() / 1000);
    for (;;) {
      const { reached_at, waiting_frames } = (await this.health()).upstream;
      if ((reached_at ?? 0) > now + 1 && waiting_frames === 0) return;
      await sleep(100);
    }
  }

  async close(): Promise<void> {
    const ended = once(this.#process, 'exit');
    if (this.#process.exitCode === null) {
      this.#process.kill('SIGKILL');
      await ended;
    }
    await this.cable.cut();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
