import { describe, expect, it } from 'vitest';
import { hrefTo, parseHash } from './router.svelte.ts';

describe('addresses inside a door', () => {
  it('survive a round trip, with spaces and slashes in them', () => {
    const href = hrefTo(['layanan', 'A/B 1'], { q: 'kartu keluarga', status: '' });
    const route = parseHash(href);
    expect(route.path).toEqual(['layanan', 'A/B 1']);
    expect(route.query.get('q')).toBe('kartu keluarga');
    expect(route.query.has('status')).toBe(false);
  });

  it('lead home when empty', () => {
    expect(parseHash('').path).toEqual([]);
    expect(parseHash('#/').path).toEqual([]);
  });

  it('do not crash on a stray percent sign', () => {
    expect(parseHash('#/lacak/100%').path).toEqual(['lacak', '100%']);
  });
});
