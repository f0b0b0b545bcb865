import type { Bytes } from './bytes';
import type { FromWorker, ToWorker } from './core.worker';
import { CoreError, type Core, type CoreFunctions, type CoreName } from './functions';
import { CoreHost } from './instance';
import { packRequest, unpackResponse } from './pack';

/** The core in this thread: for tests, and wherever there is no worker. */
export function coreInProcess(module: WebAssembly.Module): Core {
  const host = new CoreHost(module);
  return typed((message) => Promise.resolve(host.run(message)));
}

/** The core in a Web Worker. The module is compiled once by the caller and handed over. */
export function coreInWorker(module: WebAssembly.Module): Core {
  const worker = new Worker(new URL('./core.worker.ts', import.meta.url), { type: 'module' });
  const waiting = new Map<number, { done(answer: Bytes): void; failed(error: CoreError): void }>();
  let last = 0;
  worker.onmessage = (event: MessageEvent<FromWorker>) => {
    const answer = event.data;
    const call = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('message' in answer) call?.done(answer.message);
    else call?.failed(new CoreError(answer.code, answer.detail));
  };
  // The worker itself broke (its file could not be loaded): nobody waits for ever.
  worker.onerror = () => {
    for (const call of waiting.values()) call.failed(new CoreError('core_worker'));
    waiting.clear();
  };
  const post = (message: ToWorker, transfer: Transferable[]): void => {
    worker.postMessage(message, { transfer });
  };
  post({ module }, []);
  return typed(
    (message) =>
      new Promise((done, failed) => {
        const id = ++last;
        waiting.set(id, { done, failed });
        post({ id, message }, [message.buffer]);
      }),
  );
}

function typed(run: (message: Bytes) => Promise<Bytes>): Core {
  return {
    async call<N extends CoreName>(name: N, params: CoreFunctions[N]['in']) {
      return unpackResponse(await run(packRequest(name, params))) as CoreFunctions[N]['out'];
    },
  };
}
