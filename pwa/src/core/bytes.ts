/** Bytes that own a plain ArrayBuffer, as WebCrypto, fetch and IndexedDB want them. */
export type Bytes = Uint8Array<ArrayBuffer>;

const HEX = '0123456789abcdef';

/** Lowercase hexadecimal, two characters per byte. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX.charAt(byte >> 4) + HEX.charAt(byte & 15);
  return text;
}

/** base64url without padding, as the prepare call wants the public key. */
export function toBase64Url(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Bytes of base64url text, padded or not. */
export function fromBase64Url(text: string): Bytes {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** Fresh random bytes from the browser. The core has no dice of its own. */
export function randomBytes(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** One array holding all parts in order. */
export function concat(parts: readonly Uint8Array[]): Bytes {
  const total = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    total.set(part, at);
    at += part.length;
  }
  return total;
}
