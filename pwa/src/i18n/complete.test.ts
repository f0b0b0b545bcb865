import { describe, expect, it } from 'vitest';
import { en as enField } from './en/field';
import { en as enOffice } from './en/office';
import { en as enResident } from './en/resident';
import { en as enShared } from './en/shared';
import { id as idField } from './id/field';
import { id as idOffice } from './id/office';
import { id as idResident } from './id/resident';
import { id as idShared } from './id/shared';
import { fill } from './translate';

type Words = Readonly<Record<string, string>>;

const PARTS: readonly (readonly [string, Words, Words])[] = [
  ['shared', idShared, enShared],
  ['resident', idResident, enResident],
  ['office', idOffice, enOffice],
  ['field', idField, enField],
];

const places = (sentence: string) => [...sentence.matchAll(/\{\w+\}/g)].map(String).sort();

describe.each(PARTS)('the %s sentences', (_part, id, en) => {
  it('exist in both languages', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(id).sort());
  });

  it('are never empty', () => {
    for (const words of [id, en]) {
      expect(Object.entries(words).filter(([, text]) => text.trim() === '')).toEqual([]);
    }
  });

  it('have the same places for values in both languages', () => {
    for (const [key, sentence] of Object.entries(id)) {
      expect([key, places(en[key] ?? '')]).toEqual([key, places(sentence)]);
    }
  });

  it('avoid the spellings that look right and are not', () => {
    const wrong = /\b(antri|antrian|ijin|jadual|jum'at|kwitansi|praktek|perlindungan data)\b/i;
    expect(Object.values(id).filter((sentence) => wrong.test(sentence))).toEqual([]);
  });
});

describe('filling in values', () => {
  it('puts each value in its place and leaves an unknown place to be seen', () => {
    expect(fill('{n} dari {total}', { n: 3 })).toBe('3 dari {total}');
  });
});
