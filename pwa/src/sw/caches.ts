/** Names of the runtime caches, and why each exists. */
export const CACHES = {
  /** Services, days, regions, site: read by residents again without a network. */
  publicData: 'mpp-public-data-1',
} as const;

/** The page asks the waiting worker to take over with this message, after a person agreed. */
export const TAKE_OVER = 'MPP_TAKE_OVER';

/** Seconds to wait for the network before a resident sees what the device still has. */
export const NETWORK_TIMEOUT_SECONDS = 5;
