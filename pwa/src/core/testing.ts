import { readFile } from 'node:fs/promises';
import { coreInProcess } from './client';
import type { Core } from './functions';

const FILE = new URL('./mpp_sync.wasm', import.meta.url);
let module: Promise<WebAssembly.Module> | undefined;

/** For tests: the real core, in this thread. `scripts/wasm` builds it. */
export async function testCore(): Promise<Core> {
  module ??= readFile(FILE).then((bytes) => WebAssembly.compile(bytes));
  return coreInProcess(await module);
}
