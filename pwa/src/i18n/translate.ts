import { locale } from './locale.svelte.ts';

export type Sentences<K extends string> = Readonly<Record<K, string>>;
export type Values = Readonly<Record<string, string | number>>;

/** Puts values into `{name}` places. A value that is missing leaves the place visible. */
export function fill(sentence: string, values: Values = {}): string {
  return sentence.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}

/** The `t` of a door: only keys that exist in both languages are accepted. */
export function translator<K extends string>(
  id: Sentences<K>,
  en: Sentences<NoInfer<K>>,
): (key: K, values?: Values) => string {
  return (key, values) => fill((locale() === 'en' ? en : id)[key], values);
}
