/** All numbers that say when and how much is sent. Milliseconds and bytes. */
export const RETRY = {
  /** Waits after one, two, three … failed exchanges in a row; the last one repeats. */
  waits: [2_000, 5_000, 15_000, 30_000, 60_000, 120_000],
  /** When nothing failed, ask again after this. */
  idle: 30_000,
  /** Bytes of the first body as it travels; doubled after a success, halved after a failure. */
  bodyStart: 64 * 1024,
  bodyMin: 16 * 1024,
  bodyMax: 256 * 1024,
  /** Bytes of frames for each byte of a body, before the first body has shown it, and at most. */
  ratioStart: 2,
  ratioMax: 8,
} as const;

/** How long to wait after `failures` failed exchanges in a row. */
export function waitAfter(failures: number): number {
  if (failures === 0) return RETRY.idle;
  return RETRY.waits[Math.min(failures, RETRY.waits.length) - 1] ?? RETRY.idle;
}

/** The next body's size in bytes. */
export function nextBudget(budget: number, succeeded: boolean): number {
  return succeeded
    ? Math.min(budget * 2, RETRY.bodyMax)
    : Math.max(Math.floor(budget / 2), RETRY.bodyMin);
}

/** How much smaller frames become in a body, from one that was sent; the last answer when it had none. */
export function nextRatio(ratio: number, { frames, body }: Sent): number {
  if (frames === 0 || body === 0) return ratio;
  return Math.min(Math.max(Math.floor(frames / body), 1), RETRY.ratioMax);
}

/** Bytes of one request: of its frames, and of the body that carried them. */
export interface Sent {
  frames: number;
  body: number;
}

/** As many leading frames as fit in `budget` bytes; at least one, however large. */
export function fitting<T extends { bytes: Uint8Array }>(frames: readonly T[], budget: number): T[] {
  const taken: T[] = [];
  let size = 0;
  for (const frame of frames) {
    size += frame.bytes.length;
    if (taken.length > 0 && size > budget) break;
    taken.push(frame);
  }
  return taken;
}

/**
 * The frames to offer, in order. A session that the office refused or that forked offers only its
 * first waiting frame, after all others, so that it takes no room of the sessions after it.
 */
export function offered<T extends { session: string }>(
  waiting: readonly T[],
  stuck: ReadonlySet<string>,
): T[] {
  const going = waiting.filter(({ session }) => !stuck.has(session));
  const probes = new Map<string, T>();
  for (const frame of waiting) {
    if (stuck.has(frame.session) && !probes.has(frame.session)) probes.set(frame.session, frame);
  }
  return [...going, ...probes.values()];
}
