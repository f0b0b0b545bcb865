/** The tablet's clock, read here only. Its times are for showing; nothing is decided by them. */

/** Unix seconds. */
export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

const two = (part: number): string => String(part).padStart(2, '0');

/** Today in the tablet's time zone, `YYYY-MM-DD`. */
export function today(): string {
  const now = new Date();
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

/** Day and time of now for the name of a file, `2026-11-23-1412`. */
export function clockText(): string {
  const now = new Date();
  return `${today()}-${two(now.getHours())}${two(now.getMinutes())}`;
}
