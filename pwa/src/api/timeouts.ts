/** Milliseconds a request may take before it is given up. Village links are slow, not dead. */
export const TIMEOUTS = {
  /** Published information and lists. */
  read: 20_000,
  /** Decisions and sign-in; the server writes before it answers. */
  write: 30_000,
} as const;
