// Rows of the bench's table, as the Rust part writes them too.

import { appendFile } from 'node:fs/promises';

const FILE = process.env['MPP_ROWS'];

/** Everything a little smaller. */
export const QUICK = process.env['MPP_QUICK'] === '1';

/** One line of the table; without a goal it is only reported. */
export async function keep(name: string, goal: string, result: string, met?: boolean): Promise<void> {
  const verdict = met === undefined ? 'reported' : met ? 'met' : 'missed';
  console.log(`  ${name}: ${result} (${verdict})`);
  if (FILE !== undefined) await appendFile(FILE, `${JSON.stringify({ name, goal, result, verdict })}\n`);
}

/** The value that 95 of 100 do not exceed. */
export function p95(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * 0.95) - 1)] ?? 0;
}
