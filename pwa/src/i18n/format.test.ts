import { describe, expect, it } from 'vitest';
import {
  dayOf,
  formatAgo,
  formatDay,
  formatMoment,
  formatNumber,
  formatPhone,
  formatTime,
  formatWeekday,
  maskNik,
  setRegency,
} from './format';

/** 28 March 2024, 02:30 UTC. */
const MOMENT = 1_711_593_000;

describe('dates and numbers as Indonesians write them', () => {
  it('writes a calendar day in words', () => {
    expect(formatDay('2024-03-28')).toBe('28 Maret 2024');
    expect(formatWeekday('2024-03-28')).toBe('Kamis, 28 Maret 2024');
  });

  it('writes Friday without an apostrophe', () => {
    expect(formatWeekday('2024-03-29')).toBe('Jumat, 29 Maret 2024');
  });

  it('shows what is not a date as it is', () => {
    expect(formatDay('besok')).toBe('besok');
    expect(formatDay('2024-13-45')).toBe('2024-13-45');
  });

  it('uses the clock of the regency', () => {
    setRegency('16.04');
    expect(formatTime(MOMENT)).toBe('09.30 WIB');
    expect(formatMoment(MOMENT)).toBe('28 Mar 2024, 09.30 WIB');
    setRegency('51.08');
    expect(formatTime(MOMENT)).toBe('10.30 WITA');
    setRegency('16.04');
  });

  it('begins the day at the midnight of the regency', () => {
    expect(dayOf(Date.UTC(2024, 2, 27, 17, 30) / 1000)).toBe('2024-03-28');
    expect(dayOf(Date.UTC(2024, 2, 27, 16, 30) / 1000)).toBe('2024-03-27');
  });

  it('says how long ago something was', () => {
    expect(formatAgo(MOMENT, MOMENT + 30)).toBe('baru saja');
    expect(formatAgo(MOMENT, MOMENT + 125)).toBe('2 menit yang lalu');
    expect(formatAgo(MOMENT, MOMENT + 3 * 86_400)).toBe('3 hari yang lalu');
  });

  it('separates thousands with a dot', () => {
    expect(formatNumber(10000)).toBe('10.000');
  });
});

describe('phones and identity numbers', () => {
  it('groups a mobile number and sets the area of a landline apart', () => {
    expect(formatPhone('+6281234567890')).toBe('0812-3456-7890');
    expect(formatPhone('+62731321234')).toBe('(0731) 321234');
  });

  it('hides all of a NIK but its last four digits', () => {
    expect(maskNik('1604100101909902')).toBe('••••••••••••9902');
  });
});
