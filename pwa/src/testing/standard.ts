import type { Standard } from '../lib/views';

/** A service that asks nothing beside the person. */
export const STANDARD: Standard = {
  service: 'DINKES-02',
  version: 1,
  name: 'Pemeriksaan',
  requirements: [],
  duration: '15 menit',
  fee: 'Rp0',
  product: 'Obat',
  offline: 'full',
  valid_from: '2026-01-01',
  fields: [],
};
