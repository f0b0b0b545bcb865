import { describe, expect, it } from 'vitest';
import { numberedSteps } from './service-text';

describe('a published procedure', () => {
  it('is read step by step when its steps are numbered', () => {
    expect(numberedSteps('1. Ambil tiket. 2. Serahkan berkas (2 lembar). 10. Selesai.')).toEqual([
      '1. Ambil tiket.',
      '2. Serahkan berkas (2 lembar).',
      '10. Selesai.',
    ]);
  });

  it('stays one text otherwise', () => {
    expect(numberedSteps('Datang ke loket 2. Tunggu.')).toEqual(['Datang ke loket 2. Tunggu.']);
  });
});
