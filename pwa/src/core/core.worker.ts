import type { Bytes } from './bytes';
import { CoreError } from './functions';
import { CoreHost } from './instance';

/** The core's own thread: the page stays smooth while a thousand changes are applied. */

export type ToWorker = { module: WebAssembly.Module } | { id: number; message: Bytes };
export type FromWorker = { id: number; message: Bytes } | { id: number; code: string; detail: string };

let host: CoreHost | null = null;

self.onmessage = (event: MessageEvent<ToWorker>) => {
  if ('module' in event.data) {
    host = new CoreHost(event.data.module);
    return;
  }
  const { id, message } = event.data;
  try {
    if (host === null) throw new CoreError('core_not_loaded');
    const answer = host.run(message);
    reply({ id, message: answer }, [answer.buffer]);
  } catch (error) {
    const { code, detail } = error instanceof CoreError ? error : new CoreError('core_trapped');
    reply({ id, code, detail }, []);
  }
};

function reply(answer: FromWorker, transfer: Transferable[]): void {
  self.postMessage(answer, { transfer });
}
