/** Milliseconds a request may take before it is given up. Village links are slow, not dead. */
export const TIMEOUTS = {
  /** Published information and lists. */
  read: 20_000,
  /** Decisions and sign-in; the server writes before it answers. */
  write: 30_000,
  /** One sync exchange: a body of 256 KB on the worst link seen in the field, about 20 kbit/s. */
  exchange: 180_000,
} as const;
