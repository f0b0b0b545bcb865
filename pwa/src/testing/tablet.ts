import { assemble, type Tablet } from '../actions/field/tablet';
import { ApiError } from '../api/client';
import { toHex, randomBytes, type Bytes } from '../core/bytes';
import type { Core } from '../core/functions';
import { testCore } from '../core/testing';
import { writeMeta } from '../db/meta';
import type { Database } from '../db/open';
import type { PreparedDay } from '../db/schema';
import { testDatabase } from '../db/testing';

/** What tests of the officer's door share: the real core, a store in memory, a day to work on. */

export function hexId(): string {
  return toHex(randomBytes(16));
}

export const OFFICER = {
  username: 'siti',
  display_name: 'Siti Rahmawati',
  roles: ['officer'],
};

export function preparedDay(): PreparedDay {
  const id = hexId();
  const author = { officer: 'kantor', device: 'kantor', at: 1_790_000_000 };
  return {
    device: hexId(),
    label: 'A',
    device_name: 'Tablet 1',
    log: hexId(),
    scopes: ['everyone', `day/${id}`, 'village/16.04.12.2025'],
    complete: true,
    day: {
      id,
      kind: 'service_day',
      schema: 1,
      date: '2026-11-23',
      place: 'Balai Desa Jati',
      regency: '16.04',
      villages: ['16.04.12.2025'],
      agencies: [],
      services: {},
      officers: { siti: 'Siti Rahmawati' },
      devices: {},
      conflicts: [],
      created: author,
      updated: author,
      search: '',
    },
  };
}

export interface TestTablet extends Tablet {
  day: PreparedDay;
}

/** A tablet that is signed in and prepared. Nothing runs by itself: no loop is started. */
export async function testTablet(
  post: (body: Bytes) => Promise<ReadableStream<Bytes>> = () => Promise.reject(new ApiError('NETWORK', '', 0)),
  database?: Database,
  core?: Core,
): Promise<TestTablet> {
  const db = database ?? (await testDatabase());
  const day = preparedDay();
  if (database === undefined) {
    await writeMeta(db, 'account', OFFICER);
    await writeMeta(db, 'prepared', day);
  }
  const tablet = await assemble({ db, core: core ?? (await testCore()), post, appVersion: '0.1.0' });
  // Tests sync when they say so.
  tablet.loop.nudge = () => undefined;
  return { ...tablet, day: tablet.facts.get().prepared ?? day };
}
