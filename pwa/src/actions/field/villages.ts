import { readMeta } from '../../db/meta';
import type { Tablet } from './tablet';

export interface VillageChoice {
  code: string;
  name: string;
  district: string;
  /** One of the villages the day is held for. */
  ofDay: boolean;
  key: string;
}

const prepared = new WeakMap<Tablet, { day: string; villages: Promise<VillageChoice[]> }>();

/** All villages of the regency, the day's first. */
export function villages(tablet: Tablet): Promise<VillageChoice[]> {
  const day = tablet.facts.get().prepared?.day;
  const before = prepared.get(tablet);
  if (before?.day === (day?.id ?? '')) return before.villages;
  const read = readVillages(tablet, day?.villages ?? []);
  prepared.set(tablet, { day: day?.id ?? '', villages: read });
  read.catch(() => prepared.delete(tablet));
  return read;
}

async function readVillages(tablet: Tablet, ofDay: readonly string[]): Promise<VillageChoice[]> {
  const regions = await readMeta(tablet.db, 'regions');
  const first = new Set(ofDay);
  const all = (regions?.districts ?? []).flatMap((district) =>
    district.villages.map((village) => ({
      code: village.code,
      name: village.name,
      district: district.name,
      ofDay: first.has(village.code),
    })),
  );
  const keys = await Promise.all(
    all.map(({ name, district }) => tablet.core.call('search_key', { text: `${name} ${district}` })),
  );
  return all
    .map((village, at) => ({ ...village, key: (keys[at]?.key ?? '').replaceAll(' ', '|') }))
    .sort((one, other) => Number(other.ofDay) - Number(one.ofDay));
}

/** Villages whose name or kecamatan contains every word typed; the day's when nothing is typed. */
export async function findVillages(tablet: Tablet, typed: string): Promise<VillageChoice[]> {
  const all = await villages(tablet);
  if (typed.trim() === '') return all.filter(({ ofDay }) => ofDay);
  const { key } = await tablet.core.call('search_key', { text: typed });
  const words = key.split(' ');
  return all.filter((village) => words.every((word) => village.key.includes(word))).slice(0, 40);
}

/** "Gunung Kembang, Kec. Merapi Timur": a name alone is not enough, 56 repeat within a regency. */
export async function villageName(tablet: Tablet, code: string): Promise<string> {
  const village = (await villages(tablet)).find((known) => known.code === code);
  return village === undefined ? code : `${village.name}, Kec. ${village.district}`;
}
