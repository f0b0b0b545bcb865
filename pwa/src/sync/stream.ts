import { ApiError } from '../api/client';
import { unanswered } from '../api/field';
import { concat, type Bytes } from '../core/bytes';
import type { SyncRecord } from '../core/exchange';
import type { Core } from '../core/functions';

/** "MPPS" and the version: what stands before the deflate stream. */
const PREFIX_BYTES = 5;
/**
 * Milliseconds that the inflater gets after a cut to give out what it has: some inflate on another
 * thread. What it does not give in time is asked for again, nothing is lost.
 */
const DRAIN = 100;

/**
 * The records of a response as they arrive. When the link is cut, everything that came whole is
 * still given out before the error is thrown.
 */
export async function* records(core: Core, body: ReadableStream<Bytes>): AsyncGenerator<SyncRecord> {
  let rest: Bytes = new Uint8Array(0);
  for await (const bytes of inflated(body)) {
    rest = concat([rest, bytes]);
    const { records: complete, consumed } = await core.call('response_records', { bytes: rest });
    rest = rest.slice(consumed);
    yield* complete;
  }
}

/**
 * Inflates by hand instead of piping: a piped stream that errors throws away what is waiting in it,
 * and that is exactly what must be kept.
 */
async function* inflated(body: ReadableStream<Bytes>): AsyncGenerator<Bytes> {
  const inflate = new DecompressionStream('deflate-raw');
  const writer = inflate.writable.getWriter();
  const reader = inflate.readable.getReader() as ReadableStreamDefaultReader<Bytes>;
  let failure: unknown = null;
  const fed = feed(body, writer).catch((error: unknown) => {
    failure = error;
  });
  let pending = reader.read();
  for (;;) {
    const next = await Promise.race([pending, fed.then(() => settled(pending))]);
    if (next === null) break;
    if (next.done) break;
    yield next.value;
    pending = reader.read();
  }
  // Nothing more will be read; the reader's own end or error is of no interest now.
  pending.catch(() => undefined);
  if (failure !== null) throw failure instanceof ApiError ? failure : unanswered(failure);
}

/** Writes the body behind its prefix. Throws when the link fails; never aborts the inflater. */
async function feed(
  body: ReadableStream<Bytes>,
  writer: WritableStreamDefaultWriter<BufferSource>,
): Promise<void> {
  const reader = body.getReader();
  let skip = PREFIX_BYTES;
  const read = (): ReturnType<typeof reader.read> =>
    reader.read().catch((error: unknown) => {
      throw unanswered(error);
    });
  for (let part = await read(); !part.done; part = await read()) {
    const bytes = part.value.subarray(Math.min(skip, part.value.length));
    skip -= part.value.length - bytes.length;
    if (bytes.length > 0) await writer.write(bytes);
  }
  await writer.close();
}

/** What a read gives shortly, or null: after a cut nothing more comes. */
async function settled<T>(pending: Promise<T>): Promise<T | null> {
  const later = new Promise<null>((done) => setTimeout(() => done(null), DRAIN));
  return Promise.race([pending, later]);
}
