import { coreInWorker } from './client';
import type { Core } from './functions';
import file from './mpp_sync.wasm?url';

/** Loads the core's file (from the app's own cache when there is no network) and starts its worker. */
export async function loadCore(): Promise<Core> {
  const response = await fetch(file);
  if (!response.ok) throw new Error(`the core's file: ${String(response.status)}`);
  return coreInWorker(await WebAssembly.compile(await response.arrayBuffer()));
}

/** The core before its file is here: calls wait for it. Lists that need none do not. */
export function lateCore(loading: Promise<Core>): Core {
  return {
    async call(name, params) {
      return (await loading).call(name, params);
    },
  };
}
