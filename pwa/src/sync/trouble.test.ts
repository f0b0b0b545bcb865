import { describe, expect, it } from 'vitest';
import { ApiError } from '../api/client';
import { syncWords } from '../ui/field/parts/sync-words';
import { AT_REST } from './status';
import { troubleOf } from './trouble';

function words(code: string, status: number): string {
  return syncWords({ ...AT_REST, unsent: 3, trouble: troubleOf(new ApiError(code, '', status)) }).text;
}

describe('what stands in the way', () => {
  it('tells a hub that was taken out of service from this tablet being taken off the list', () => {
    expect(troubleOf(new ApiError('HUB_REVOKED', '', 403)).kind).toBe('hub_revoked');
    expect(troubleOf(new ApiError('DEVICE_REVOKED', '', 403)).kind).toBe('revoked');
    expect(words('HUB_REVOKED', 403)).toBe(
      'Perangkat di mobil dicabut oleh kantor · lepas Wi-Fi mobil dan kirim lewat internet lain; 3 belum terkirim, aman di tablet',
    );
    expect(words('DEVICE_REVOKED', 403)).toBe('Tablet ini dicabut dari daftar · bawa ke kantor; 3 belum terkirim');
  });

  it('is no signal to the officer when a server is full, restarting or a stranger', () => {
    for (const [code, status] of [['NETWORK', 0], ['BUSY', 503], ['SLOW_DOWN', 429], ['UNREADABLE', 200]] as const) {
      expect(troubleOf(new ApiError(code, '', status))).toEqual({ kind: 'unreachable', code });
    }
  });
});
