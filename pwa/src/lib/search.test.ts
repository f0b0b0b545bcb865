import { describe, expect, it } from 'vitest';
import { matches, searchText } from './search';

const CARD = searchText('Penerbitan/Perubahan Kartu Keluarga', 'DUKCAPIL-02', 'Disdukcapil');

describe('searching published words', () => {
  it.each([
    ['KARTU keluarga', 'case'],
    ['kartukeluarga', 'a missing space'],
    ['perubahan, kartu!', 'punctuation'],
    ['keluarga kartu', 'the order of the words'],
    ['kartu kel', 'an unfinished word'],
    ['kartu kelurga', 'a dropped letter'],
    ['katru keluarga', 'exchanged letters'],
    ['dukcapil 02', 'a code typed with a space'],
    ['', 'an empty search'],
  ])('finds a service by "%s" despite %s', (query) => {
    expect(matches(query, CARD)).toBe(true);
  });

  it.each(['akta kematian', 'kartu perpustakaan', 'xyz', 'bank'])('does not find it by "%s"', (query) => {
    expect(matches(query, CARD)).toBe(false);
  });

  it('takes old and new spellings as the same', () => {
    expect(matches('Moehammad', searchText('Muhammad'))).toBe(true);
    expect(matches('Djarai', searchText('Jarai'))).toBe(true);
    expect(matches('jentian', searchText("Jenti'an"))).toBe(true);
    expect(matches('ijazah', searchText('Ijasah'))).toBe(true);
  });

  it('forgives nothing in very short words', () => {
    expect(matches('kip', searchText('KIA'))).toBe(false);
  });
});
