// The smallest host of the module: what pwa/src/core does, without a browser.

import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";

const FILE = new URL("../../../pwa/src/core/mpp_sync.wasm", import.meta.url);

export const module = new WebAssembly.Module(readFileSync(FILE));

/** A fresh instance with its own seed. */
export function instance() {
  const { exports } = new WebAssembly.Instance(module, {});
  const seed = exports.mpp_alloc(32);
  webcrypto.getRandomValues(new Uint8Array(exports.memory.buffer, seed, 32));
  exports.mpp_seed(seed);
  exports.mpp_free(seed, 32);
  return exports;
}

/** Calls `name` with plain input and blobs; returns `{json, blobs}`. */
export function call(exports, name, input, blobs = []) {
  const text = new TextEncoder().encode(JSON.stringify({ fn: name, in: input }));
  return callBytes(exports, encode([text, ...blobs]));
}

/** Calls with the bytes of a message, whatever they are. */
export function callBytes(exports, request) {
  const pointer = exports.mpp_alloc(request.length);
  new Uint8Array(exports.memory.buffer, pointer, request.length).set(request);
  const packed = exports.mpp_call(pointer, request.length);
  exports.mpp_free(pointer, request.length);
  const at = Number(BigInt.asUintN(64, packed) >> 32n);
  const length = Number(BigInt.asUintN(32, packed));
  const answer = new Uint8Array(exports.memory.buffer, at, length).slice();
  exports.mpp_free(at, length);
  const [json, ...rest] = decode(answer);
  return { json: JSON.parse(new TextDecoder().decode(json)), blobs: rest };
}

function encode(parts) {
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(part.length);
      return [length, Buffer.from(part)];
    }),
  );
}

function decode(bytes) {
  const parts = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; ) {
    const length = view.getUint32(at, true);
    parts.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return parts;
}
