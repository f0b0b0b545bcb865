// A bad network of one tablet: the program `shaped-link`, which limits the rate, delays, and breaks connections at bytes
// that a seed chooses.

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';


/** What is left out is not limited. */
export interface Shape {
  readonly bits_per_second?: number;
  readonly round_trip_ms?: number;
  /** Connections break after `cut_from` to `cut_to` bytes, again and again. */
  readonly cut_seed?: number;
  readonly cut_from?: number;
  readonly cut_to?: number;
}

/** The link of a village. */
export const VILLAGE: Shape = { bits_per_second: 100_000, round_trip_ms: 600 };

/** Bytes of TCP payload so far, connections, and how many were cut. */
export interface Passed {
  readonly up: number;
  readonly down: number;
  readonly connections: number;
  readonly cuts: number;
}

export class ShapedLink {
  readonly #program: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  #port = 0;

  private constructor(program: string, office: number) {
    this.#program = spawn(program, ['--to', String(office)], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#answers = createInterface({ input: this.#program.stdout })[Symbol.asyncIterator]();
  }

  /** Runs a program that opens a link, as good as this machine's own, to the port where the office listens. */
  static async open(program: string, office: number): Promise<ShapedLink> {
    const link = new ShapedLink(program, office);
    ({ port: link.#port } = (await link.#hear()) as { port: number });
    return link;
  }

  /** What a tablet types into the address bar. */
  get origin(): string {
    return `http://localhost:${String(this.#port)}`;
  }

  get port(): number {
    return this.#port;
  }

  shape(shape: Shape): Promise<Passed> {
    return this.#ask({ cmd: 'shape', ...shape });
  }

  /** Ends every connection and takes no new one. */
  unplug(): Promise<Passed> {
    return this.#ask({ cmd: 'unplug' });
  }

  plug(): Promise<Passed> {
    return this.#ask({ cmd: 'plug' });
  }

  passed(): Promise<Passed> {
    return this.#ask({ cmd: 'count' });
  }

  close(): void {
    this.#program.kill();
  }

  async #ask(command: object): Promise<Passed> {
    this.#program.stdin.write(`${JSON.stringify(command)}\n`);
    return (await this.#hear()) as Passed;
  }

  async #hear(): Promise<unknown> {
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error('the link has ended');
    return JSON.parse(value) as unknown;
  }
}
