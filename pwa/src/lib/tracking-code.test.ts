import { describe, expect, it } from 'vitest';
import { formatCode, isComplete } from './tracking-code';

describe('a tracking code as it is typed', () => {
  it('becomes capital letters in two groups', () => {
    expect(formatCode('k7m2pqx4rt')).toBe('K7M2P-QX4RT');
    expect(formatCode(' k7m2p  qx4rt ')).toBe('K7M2P-QX4RT');
    expect(formatCode('K7M2P-QX4RT')).toBe('K7M2P-QX4RT');
  });

  it('can be half finished', () => {
    expect(formatCode('k7m2')).toBe('K7M2');
    expect(formatCode('k7m2pq')).toBe('K7M2P-Q');
    expect(isComplete('k7m2pq')).toBe(false);
  });

  it('takes no more signs than a code has', () => {
    expect(formatCode('K7M2PQX4RTZZZ')).toBe('K7M2P-QX4RT');
    expect(isComplete('K7M2PQX4RTZZZ')).toBe(true);
  });
});
