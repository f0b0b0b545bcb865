import { describe, expect, it } from 'vitest';
import { exportBundle } from '../actions/field/export-bundle';
import { issueTicket } from '../actions/field/issue-ticket';
import { toBase64Url } from '../core/bytes';
import { countUnconfirmed } from '../db/outbox';
import { testTablet } from '../testing/tablet';

/** A key as the office gives it when a tablet is prepared. */
async function officeKey(): Promise<string> {
  const { publicKey } = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, [
    'deriveBits',
  ]);
  return toBase64Url(new Uint8Array(await crypto.subtle.exportKey('raw', publicKey)));
}

describe('a file of what is unsent', () => {
  it('holds every save, is locked, and leaves the tablet as it was', async () => {
    const tablet = await testTablet();
    const bundle_key = await officeKey();
    tablet.facts.update((facts) => ({ ...facts, prepared: { ...tablet.day, bundle_key } }));
    await issueTicket(tablet, {});
    await issueTicket(tablet, {});
    const made = await exportBundle(tablet);
    if (!made.ok) throw new Error(made.code);
    expect(made.bundle.saves).toBe(2);
    expect(made.bundle.file.name).toMatch(/^MPP-tablet-A-[\d-]{15}\.txt$/);
    const text = await made.bundle.file.text();
    expect(text).toMatch(/^Berkas data MPP Bergerak, hanya untuk kantor\. Jangan diubah\.\n/);
    expect(text).not.toContain('A-001');
    expect(await countUnconfirmed(tablet.db)).toBe(2);
    const again = await exportBundle(tablet);
    if (!again.ok) throw new Error(again.code);
    expect(again.bundle.saves).toBe(2);
    expect(await again.bundle.file.text()).not.toBe(text);
  });

  it('is not made without the key of the office', async () => {
    const tablet = await testTablet();
    await issueTicket(tablet, {});
    expect(await exportBundle(tablet)).toMatchObject({ ok: false, reason: 'no_key' });
  });
});
