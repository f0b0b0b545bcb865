import { locale, type Locale } from './locale.svelte.ts';

/** IANA zone and the letters people read; Buleleng is one hour ahead of the others. */
interface Zone {
  readonly name: string;
  readonly letters: string;
}
const WIB: Zone = { name: 'Asia/Jakarta', letters: 'WIB' };
const WITA: Zone = { name: 'Asia/Makassar', letters: 'WITA' };
/** Province Bali; more provinces east of Java belong here when a regency there joins. */
const WITA_PROVINCES: readonly string[] = ['51'];

let zone: Zone = WIB;

/** Call once the regency is known (code such as `16.04`); until then it is WIB. */
export function setRegency(code: string): void {
  zone = WITA_PROVINCES.includes(code.slice(0, 2)) ? WITA : WIB;
}

const TAG: Readonly<Record<Locale, string>> = { id: 'id-ID', en: 'en-GB' };

function format(date: Date, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(TAG[locale()], options)
    .format(date)
    .replaceAll("Jum'at", 'Jumat');
}

/** A calendar day without a time zone; `null` when it is not one. */
function calendarDay(day: string): Date | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return null;
  const date = new Date(`${day}T00:00:00Z`);
  return Number.isNaN(date.getTime()) ? null : date;
}

/** `2024-03-28` → "28 Maret 2024"; what is no date is shown as it is. */
export function formatDay(day: string): string {
  const date = calendarDay(day);
  if (date === null) return day;
  return format(date, { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
}

/** `2024-03-28` → "Kamis, 28 Maret 2024". */
export function formatWeekday(day: string): string {
  const date = calendarDay(day);
  if (date === null) return day;
  const options = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' } as const;
  return format(date, { ...options, timeZone: 'UTC' });
}

/** Unix seconds → "28 Maret 2024" at the regency. */
export function formatDate(at: number): string {
  const options = { day: 'numeric', month: 'long', year: 'numeric' } as const;
  return format(new Date(at * 1000), { ...options, timeZone: zone.name });
}

/** Unix seconds → "09.30 WIB" (Indonesian) or "09:30 WIB". */
export function formatTime(at: number): string {
  const time = format(new Date(at * 1000), {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone: zone.name,
  });
  return `${time} ${zone.letters}`;
}

/** Unix seconds → "28 Mar 2024, 09.30 WIB", for lists of who did what when. */
export function formatMoment(at: number): string {
  const options = { day: 'numeric', month: 'short', year: 'numeric' } as const;
  const day = format(new Date(at * 1000), { ...options, timeZone: zone.name });
  return `${day}, ${formatTime(at)}`;
}

/** Today at the regency, `YYYY-MM-DD`; `now` in unix seconds. */
export function dayOf(now: number): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone.name }).format(new Date(now * 1000));
}

/** "10.000" or "10,000". */
export function formatNumber(value: number): string {
  return new Intl.NumberFormat(TAG[locale()]).format(value);
}

/** Areas with two digits after the zero; all others have three. */
const SHORT_AREA = /^0(?:2[124]|31|61)/;

/** `+6281234567890` → "0812-3456-7890", `+62731321234` → "(0731) 321234". */
export function formatPhone(phone: string): string {
  const national = phone.replace(/^\+62/, '0');
  if (/^08\d{8,11}$/.test(national)) return national.replace(/^(\d{4})(\d{4})(\d+)$/, '$1-$2-$3');
  if (!/^0[2-79]\d{5,10}$/.test(national)) return national;
  const area = SHORT_AREA.test(national) ? 3 : 4;
  return `(${national.slice(0, area)}) ${national.slice(area)}`;
}

/** Steps of "how long ago", from the largest; seconds each. */
const STEPS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

/** "2 menit yang lalu"; both in unix seconds. Below a minute it is "baru saja". */
export function formatAgo(at: number, now: number): string {
  const step = STEPS.find(([, seconds]) => now - at >= seconds);
  if (step === undefined) return locale() === 'en' ? 'just now' : 'baru saja';
  const [unit, seconds] = step;
  return new Intl.RelativeTimeFormat(TAG[locale()]).format(-Math.floor((now - at) / seconds), unit);
}

/** Only the last four digits of a NIK are ever shown where it is not being checked. */
export function maskNik(nik: string): string {
  return `${'•'.repeat(Math.max(0, nik.length - 4))}${nik.slice(-4)}`;
}

/** "a, b, dan c". */
export function formatList(words: readonly string[]): string {
  return new Intl.ListFormat(TAG[locale()], { type: 'conjunction' }).format(words);
}
