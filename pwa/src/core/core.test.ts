import { describe, expect, it } from 'vitest';
import { testCore } from './testing';
import { packRequest, unpackResponse } from './pack';

describe('the core', () => {
  it('reads birth date and sex out of a NIK', async () => {
    const core = await testCore();
    const read = await core.call('nik_read', { nik: '1604104112019901', today: '2026-11-22' });
    expect(read).toMatchObject({ birth_date: '2001-12-01', sex: 'P', findings: [] });
  });

  it('answers a wrong call with a stable code instead of stopping', async () => {
    const core = await testCore();
    await expect(core.call('nik_read', { nik: '1', today: 'besok' })).rejects.toMatchObject({
      code: 'BAD_PARAMETERS',
    });
    await expect(core.call('search_key', { text: "Nur'aini" })).resolves.toHaveProperty('key');
  });
});

describe('messages', () => {
  it('carry bytes beside the text and put them back in their places', () => {
    const request = packRequest('x', { a: new Uint8Array([1, 2]), b: [new Uint8Array([3])] });
    const answer = new TextDecoder().decode(request).replace('"fn":"x","in"', '"ok"');
    const json = answer.slice(4, answer.lastIndexOf('}') + 1);
    const message = new Uint8Array(4 + json.length + 6 + 5);
    new DataView(message.buffer).setUint32(0, json.length, true);
    message.set(new TextEncoder().encode(json), 4);
    message.set([2, 0, 0, 0, 1, 2, 1, 0, 0, 0, 3], 4 + json.length);
    expect(unpackResponse(message)).toEqual({ a: new Uint8Array([1, 2]), b: [new Uint8Array([3])] });
  });

  it('that are cut anywhere are refused', () => {
    const message = packRequest('x', { a: new Uint8Array([1, 2]) });
    for (let end = 1; end < message.length; end += 1) {
      expect(() => unpackResponse(message.slice(0, end))).toThrow();
    }
  });
});
