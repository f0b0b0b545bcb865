import { describe, expect, it, vi } from 'vitest';
import { ApiError } from '../api/client';
import { testCore } from '../core/testing';
import { writeMeta } from '../db/meta';
import { movedOn } from '../db/pulled';
import { testDatabase } from '../db/testing';
import { preparedDay } from '../testing/tablet';
import { entering } from './enter';

const cursor = (position: number): { position: number; rolling: string; scopes: string[] } => ({
  position,
  rolling: '0102030405060708',
  scopes: ['everyone'],
});

describe('entering', () => {
  it('passes on what cannot be helped by entering, and never asks twice without a grant', async () => {
    const db = await testDatabase();
    await writeMeta(db, 'prepared', preparedDay());
    const post = vi.fn(() => Promise.reject(new ApiError('NOT_ENTERED', '', 401)));
    await expect(entering(db, await testCore(), post)(new Uint8Array())).rejects.toThrow(ApiError);
    expect(post).toHaveBeenCalledTimes(1);
    const away = vi.fn(() => Promise.reject(new ApiError('NETWORK', '', 0)));
    await expect(entering(db, await testCore(), away)(new Uint8Array())).rejects.toThrow(ApiError);
    expect(away).toHaveBeenCalledTimes(1);
  });
});

describe('the places in several logs', () => {
  it('are kept for hub and office in turn', () => {
    const office = movedOn(undefined, 'office', [cursor(5)]);
    const hub = movedOn(office, 'hub', [cursor(3)]);
    expect(hub).toEqual({ log: 'hub', cursors: [cursor(3)], others: { office: [cursor(5)] } });
    const back = movedOn(hub, 'office', []);
    expect(back).toEqual({ log: 'office', cursors: [cursor(5)], others: { hub: [cursor(3)] } });
    expect(movedOn(back, 'office', [cursor(9)]).cursors).toEqual([cursor(9)]);
  });

  it('do not keep logs of which nothing was read, nor all logs for ever', () => {
    expect(movedOn({ log: 'a', cursors: [] }, 'b', [])).toEqual({ log: 'b', cursors: [] });
    let pulled = movedOn(undefined, 'log-0', [cursor(1)]);
    for (let at = 1; at < 20; at += 1) pulled = movedOn(pulled, `log-${String(at)}`, [cursor(1)]);
    expect(Object.keys(pulled.others ?? {})).toHaveLength(6);
    expect(Object.keys(pulled.others ?? {})).toContain('log-18');
  });
});
