import { concat, type Bytes } from './bytes';
import { CoreError } from './functions';

/**
 * Messages to and from the core: `u32le json_len, json, (u32le len, bytes)*`.
 * A blob stands in the JSON as `{'$b': index}`.
 */

/** One request message for the function `name`. */
export function packRequest(name: string, params: unknown): Bytes {
  const blobs: Uint8Array[] = [];
  const json = JSON.stringify({ fn: name, in: params }, (_key, value: unknown) => {
    if (!(value instanceof Uint8Array)) return value;
    blobs.push(value);
    return { $b: blobs.length - 1 };
  });
  const parts: Uint8Array[] = [];
  for (const part of [new TextEncoder().encode(json), ...blobs]) parts.push(u32le(part.length), part);
  return concat(parts);
}

/** The result in a response message. Throws `CoreError` when the core said no. */
export function unpackResponse(message: Bytes): unknown {
  const parts = split(message);
  const json = parts[0];
  if (json === undefined) throw new CoreError('core_message', 'empty response');
  const answer = JSON.parse(new TextDecoder().decode(json), (_key, value: unknown) =>
    blobOf(value, parts),
  ) as { ok?: unknown; error?: { code: string; detail?: string } };
  if (answer.error !== undefined) throw new CoreError(answer.error.code, answer.error.detail);
  return answer.ok;
}

function blobOf(value: unknown, parts: readonly Bytes[]): unknown {
  if (typeof value !== 'object' || value === null || !('$b' in value)) return value;
  const blob = parts[Number(value.$b) + 1];
  if (blob === undefined) throw new CoreError('core_message', 'missing blob');
  // A copy, so that keeping one small change does not keep the whole message in memory.
  return blob.slice();
}

function split(message: Bytes): Bytes[] {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const parts: Bytes[] = [];
  for (let at = 0; at < message.length; ) {
    if (at + 4 > message.length) throw new CoreError('core_message', 'cut length');
    const end = at + 4 + view.getUint32(at, true);
    if (end > message.length) throw new CoreError('core_message', 'cut part');
    parts.push(message.subarray(at + 4, end));
    at = end;
  }
  return parts;
}

function u32le(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
