import { randomBytes, type Bytes } from './bytes';
import { CoreError } from './functions';

/** What the module exports. It imports nothing. */
interface Exports {
  memory: WebAssembly.Memory;
  mpp_alloc(length: number): number;
  mpp_free(pointer: number, length: number): void;
  mpp_seed(pointer: number): void;
  mpp_call(pointer: number, length: number): bigint;
}

/** Above this an instance is thrown away: WASM memory grows and never shrinks. */
const MEMORY_LIMIT_BYTES = 64 * 1024 * 1024;
const SEED_BYTES = 32;

/**
 * Runs messages through an instance of the core, and makes a new one after a trap or when its
 * memory has grown. A fresh instance costs about 0.3 ms, so nothing is repaired.
 */
export class CoreHost {
  private exports: Exports | null = null;

  constructor(private readonly module: WebAssembly.Module) {}

  /** One message in, one message out. Throws `CoreError('core_trapped')` after a trap. */
  run(message: Bytes): Bytes {
    const core = (this.exports ??= start(this.module));
    try {
      return exchange(core, message);
    } catch (trap) {
      this.exports = null;
      throw new CoreError('core_trapped', trap instanceof Error ? trap.message : '');
    } finally {
      if (core.memory.buffer.byteLength > MEMORY_LIMIT_BYTES) this.exports = null;
    }
  }
}

function start(module: WebAssembly.Module): Exports {
  const exports = new WebAssembly.Instance(module, {}).exports as unknown as Exports;
  const pointer = exports.mpp_alloc(SEED_BYTES);
  new Uint8Array(exports.memory.buffer, pointer, SEED_BYTES).set(randomBytes(SEED_BYTES));
  exports.mpp_seed(pointer);
  exports.mpp_free(pointer, SEED_BYTES);
  return exports;
}

function exchange(core: Exports, message: Bytes): Bytes {
  const pointer = core.mpp_alloc(message.length);
  new Uint8Array(core.memory.buffer, pointer, message.length).set(message);
  const packed = core.mpp_call(pointer, message.length);
  core.mpp_free(pointer, message.length);
  const answerPointer = Number(packed >> 32n);
  const answerLength = Number(packed & 0xffffffffn);
  // Read the buffer again: the call may have grown, and so replaced, it.
  const answer = new Uint8Array(core.memory.buffer, answerPointer, answerLength).slice();
  core.mpp_free(answerPointer, answerLength);
  return answer;
}
