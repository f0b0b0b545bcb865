/**
 * Search over published words (services, villages) on a resident's phone, which has no sync core.
 * Case, spaces and punctuation do not matter, old spellings meet new ones, and a word that is not
 * found exactly is found when it is a slip away.
 */

/** Old and new spellings, and the doubled letters people drop, become one. */
const SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/tj/g, 'c'],
  [/dj/g, 'j'],
  [/oe/g, 'u'],
  [/ie/g, 'i'],
  [/y/g, 'i'],
  [/kh/g, 'h'],
  [/sy|sj/g, 's'],
  [/[vp]h?/g, 'f'],
  [/z/g, 'j'],
  [/q|ck/g, 'k'],
  [/x/g, 'ks'],
  [/(.)\1+/g, '$1'],
];

/** One word in the form it is compared in. */
function normaliseWord(word: string): string {
  return SPELLINGS.reduce((text, [from, to]) => text.replace(from, to), word);
}

/** Words of a text, without case, accents and punctuation, in the form they are compared in. */
export function normalisedWords(text: string): string[] {
  return text
    .normalize('NFKD')
    .replace(/\p{Mark}|['’`]/gu, '')
    .toLowerCase()
    .split(/[^\p{Letter}\p{Number}]+/u)
    .filter((word) => word !== '')
    .map(normaliseWord);
}

export interface SearchText {
  readonly words: readonly string[];
  /** All words without spaces, so that "kartukeluarga" is found too. */
  readonly joined: string;
}

export function searchText(...texts: readonly string[]): SearchText {
  const words = texts.flatMap(normalisedWords);
  return { words, joined: words.join('') };
}

/** Letters below which a slip would make everything match everything. */
const SHORTEST_FORGIVEN = 4;
const LONG_WORD = 8;

/** True when every word of the query is in the text, exactly or a slip away. */
export function matches(query: string, text: SearchText): boolean {
  return normalisedWords(query).every(
    (word) => text.joined.includes(word) || text.words.some((have) => isSlipAway(word, have)),
  );
}

/** A letter too many, too few, wrong or exchanged; two in a long word. Typing may be unfinished. */
function isSlipAway(typed: string, have: string): boolean {
  if (typed.length < SHORTEST_FORGIVEN) return false;
  const allowed = typed.length >= LONG_WORD ? 2 : 1;
  const beginning = have.slice(0, typed.length + allowed);
  return prefixDistance(typed, beginning) <= allowed;
}

/** Edits (exchange of neighbours counts one) from `typed` to the closest beginning of `have`. */
function prefixDistance(typed: string, have: string): number {
  let before: number[] = [];
  let last = Array.from({ length: have.length + 1 }, (_, column) => column);
  for (let row = 1; row <= typed.length; row += 1) {
    const next = [row];
    for (let column = 1; column <= have.length; column += 1) {
      const wrong = typed[row - 1] === have[column - 1] ? 0 : 1;
      let cost = Math.min(
        at(last, column) + 1,
        at(next, column - 1) + 1,
        at(last, column - 1) + wrong,
      );
      const exchanged =
        row > 1 &&
        column > 1 &&
        typed[row - 1] === have[column - 2] &&
        typed[row - 2] === have[column - 1];
      if (exchanged) cost = Math.min(cost, at(before, column - 2) + 1);
      next.push(cost);
    }
    before = last;
    last = next;
  }
  return Math.min(...last);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
