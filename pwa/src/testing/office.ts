import { deflateRawSync, constants } from 'node:zlib';
import { toHex, type Bytes } from '../core/bytes';
import type { Ancestor, Cursor, Hello, Page, ReceivedChange, SyncRecord } from '../core/exchange';
import type { Core, CoreFunctions } from '../core/functions';
import type { Database } from '../db/open';

type Request = CoreFunctions['request_encode']['in'];

/**
 * An office in memory. Answers are real deflate streams, cut wherever a test wants; only the bytes
 * inside the records are JSON lines, because the core writes answers on the server's side alone.
 */
export class TestOffice {
  readonly requests: Request[] = [];
  log = 'a1'.repeat(16);
  /** Its node's id. */
  node = 'ab'.repeat(16);
  marks = 0;
  /** What its log goes on from. */
  ancestors: Ancestor[] = [];
  /** What the office has stored of frames, by their bytes. */
  readonly frames = new Set<string>();
  /** Records to send after the holds, once. */
  outgoing: SyncRecord[] = [];
  /** What it says to each request behind that; it sees what was asked. */
  says: (request: Request) => SyncRecord[] | Promise<SyncRecord[]> = () => [];
  /** Called instead of answering, once. */
  failure: (() => Error) | null = null;
  /** Cuts the next answer after this many records. */
  cutAfter: number | null = null;
  /** When false, frames are received but not stored. */
  stores = true;
  /** Sessions whose frames are refused. */
  readonly refuses = new Set<string>();
  /** Why. */
  refusal = 'SIGNATURE';
  /** What the answers after the next one bring; each answer before the last says that there is more. */
  more: SyncRecord[][] = [];

  /** The core as the tablet of this office sees it. */
  readonly core: Core;
  private tablet: Database | null = null;

  constructor(private readonly real: Core) {
    this.core = {
      call: (name, params) =>
        name === 'response_records'
          ? Promise.resolve(readLines(params as Lines) as never)
          : this.watch(name, params as never),
    };
  }

  /** The store whose frames are told from each other. */
  watches(db: Database): void {
    this.tablet = db;
  }

  readonly post = async (): Promise<ReadableStream<Bytes>> => {
    const failure = this.failure;
    this.failure = null;
    if (failure !== null) throw failure();
    const request = this.requests.at(-1);
    if (request === undefined) throw new Error('nothing was encoded');
    const refused = await this.store(request.frames);
    const records: SyncRecord[] = [
      this.welcome(),
      await this.holds(request.hello),
      ...refused,
      ...this.outgoing,
      ...(await this.says(request)),
      { type: 'end', more: this.more.length > 0 },
    ];
    const cut = this.cutAfter;
    this.cutAfter = null;
    if (cut === null) this.outgoing = this.more.shift() ?? [];
    return answer(records, cut);
  };

  private welcome(): SyncRecord {
    const facts = { protocol: 1, marks: this.marks, backed_up: 0, backup: 'none', node: this.node } as const;
    return { type: 'welcome', log: this.log, time: 1_790_000_000, ...facts, ancestors: this.ancestors };
  }

  private async store(frames: readonly Bytes[]): Promise<SyncRecord[]> {
    const own = (await this.tablet?.getAll('frames')) ?? [];
    const refused: SyncRecord[] = [];
    for (const bytes of frames) {
      const hex = toHex(bytes);
      const frame = own.find((kept) => toHex(kept.bytes) === hex);
      if (frame !== undefined && this.refuses.has(frame.session)) {
        const { session, number } = frame;
        refused.push({ type: 'refused', session, number, code: this.refusal });
      } else if (this.stores) this.frames.add(hex);
    }
    return refused;
  }

  private watch(name: keyof CoreFunctions, params: never): Promise<never> {
    if (name === 'request_encode') this.requests.push(structuredClone(params));
    return this.real.call(name, params) as Promise<never>;
  }

  private async holds({ chains }: Hello): Promise<SyncRecord> {
    const held = [];
    for (const { session } of chains) {
      const own = (await this.tablet?.getAll('frames'))?.filter((frame) => frame.session === session);
      const frames = own?.findIndex(({ bytes }) => !this.frames.has(toHex(bytes))) ?? 0;
      const count = frames === -1 ? (own?.length ?? 0) : frames;
      const head = own?.[count - 1]?.hash.slice(0, 16) ?? '00'.repeat(8);
      held.push({ session, frames: count, head });
    }
    return { type: 'holds', chains: held };
  }
}

/** A page of received changes, up to the cursors. */
export function page(
  changes: ReceivedChange[],
  cursors: Cursor[],
  more: Partial<Page> = {},
): SyncRecord & { type: 'changes' } {
  return { type: 'changes', changes, cursors, yours: [], attestation: null, ...more };
}

/** What a tablet wrote, as the office would send it to another one. */
export async function changesOf(db: Database): Promise<ReceivedChange[]> {
  const documents = await db.getAll('documents');
  return documents.flatMap(({ id, kind, hashes, changes }) =>
    hashes.flatMap((hash, at) => {
      const change = changes[at];
      const name = { document: id, kind, counter: null, hash, time: 1_790_000_000, scopes: ['everyone'] };
      return change === undefined ? [] : [{ ...name, change }];
    }),
  );
}

type Lines = CoreFunctions['response_records']['in'];

function readLines({ bytes }: Lines): CoreFunctions['response_records']['out'] {
  const text = new TextDecoder('latin1').decode(bytes);
  const end = text.lastIndexOf('\n') + 1;
  const lines = text.slice(0, end).split('\n').filter((line) => line !== '');
  return { records: lines.map((line) => JSON.parse(line, revive) as SyncRecord), consumed: end };
}

function answer(records: readonly SyncRecord[], cut: number | null): ReadableStream<Bytes> {
  const kept = cut === null ? records : records.slice(0, cut);
  const text = kept.map((record) => `${JSON.stringify(record, replace)}\n`).join('');
  const finish = cut === null ? constants.Z_FINISH : constants.Z_SYNC_FLUSH;
  const deflated = deflateRawSync(Buffer.from(text, 'latin1'), { finishFlush: finish });
  const body = new Uint8Array([77, 80, 80, 83, 1, ...deflated]);
  let at = 0;
  return new ReadableStream<Bytes>({
    pull(controller) {
      // Uneven pieces, as a network gives them.
      const piece = body.slice(at, at + 97);
      at += piece.length;
      if (piece.length > 0) controller.enqueue(piece);
      else if (cut === null) controller.close();
      else controller.error(new TypeError('network error'));
    },
  });
}

function replace(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { hex: toHex(value) } : value;
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('hex' in value)) return value;
  const pairs = String(value.hex).match(/../g) ?? [];
  return Uint8Array.from(pairs.map((pair) => parseInt(pair, 16)));
}
