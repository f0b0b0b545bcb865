// Prints what each door costs to load, and fails when a door has outgrown its limit.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Encoded bytes of a first load, from design.md section 8 (the catalogue comes on top). */
const LIMIT_BYTES = { resident: 100_000, field: 700_000 };

const encodedSize = (file) => {
  const path = join('dist', file);
  return statSync(existsSync(`${path}.br`) ? `${path}.br` : path).size;
};

/** @param {Record<string, string[]>} doors files per door, below `dist` */
export function reportSizes(doors) {
  for (const [door, files] of Object.entries(doors)) {
    const bytes = files.reduce((sum, file) => sum + encodedSize(file), 0);
    const limit = LIMIT_BYTES[door];
    console.log(`${door}: ${bytes} bytes encoded, ${files.length} files`);
    if (limit !== undefined && bytes > limit) {
      throw new Error(`The ${door} door is ${bytes} bytes encoded, its limit is ${limit}.`);
    }
  }
}
