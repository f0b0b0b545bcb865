import { describe, expect, it } from 'vitest';
import { nearestFirst } from './look';

describe('the service days of the office', () => {
  it('begin with today, go on with what comes, and end with what has passed', () => {
    const days = ['2024-03-20', '2024-04-01', '2024-03-28', '2024-03-27'].map((date) => ({
      id: date,
      date,
      place: 'Balai Desa',
    }));
    expect(nearestFirst(days, '2024-03-28').map((day) => day.date)).toEqual([
      '2024-03-28',
      '2024-04-01',
      '2024-03-27',
      '2024-03-20',
    ]);
  });
});
