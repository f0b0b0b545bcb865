import { afterEach, describe, expect, it, vi } from 'vitest';
import { track } from './track';

function answerWith(status: number, body: unknown): void {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(JSON.stringify(body), { status })));
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('tracking an application', () => {
  it('shows what the office knows', async () => {
    const tracked = { tracking: 'K7M2PQX4RT', state: 'ticket', day: { date: '2024-03-28', place: 'Balai Desa' } };
    answerWith(200, tracked);
    await expect(track('K7M2P-QX4RT')).resolves.toEqual({ kind: 'found', tracked });
  });

  it('says when to try again while the tablet has not met the office', async () => {
    answerWith(404, {
      error: { code: 'TRACKING_NOT_ARRIVED', message: '', try_after: '2024-03-29', phone: '+62731321234' },
    });
    await expect(track('K7M2P-QX4RT')).resolves.toEqual({
      kind: 'not_arrived',
      tryAfter: '2024-03-29',
      phone: '+62731321234',
    });
  });

  it('does not mind when the answer names neither day nor phone', async () => {
    answerWith(404, { error: { code: 'TRACKING_NOT_ARRIVED', message: '' } });
    await expect(track('K7M2P-QX4RT')).resolves.toEqual({ kind: 'not_arrived', tryAfter: null, phone: null });
  });

  it('tells a mistyped code from one that has not arrived', async () => {
    answerWith(400, { error: { code: 'TRACKING_MALFORMED', message: '' } });
    await expect(track('K7M2P-QX4RX')).resolves.toEqual({ kind: 'malformed' });
  });

  it('keeps a failed request a failure', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('offline')));
    const outcome = await track('K7M2P-QX4RT');
    expect(outcome).toMatchObject({ kind: 'failed', failure: { code: 'NETWORK' } });
  });
});
