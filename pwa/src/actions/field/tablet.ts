import { exchange } from '../../api/field';
import { lateCore, loadCore } from '../../core/load';
import type { Core } from '../../core/functions';
import { readMeta } from '../../db/meta';
import { openDatabase, type Database } from '../../db/open';
import { countNotices, countRefused } from '../../db/records';
import type { Account, PreparedDay } from '../../db/schema';
import { regroup, regroupLeft } from '../../doc/groups';
import { Writer, type Writing } from '../../doc/writer';
import { Source, type Signal } from '../../lib/signal';
import { AppStart } from '../../outbox/session';
import { entering, learning } from '../../sync/enter';
import type { Exchanging } from '../../sync/exchange';
import { SyncLoop } from '../../sync/loop';
import { statusSource, type StatusSignal } from '../../sync/status';
import { completeAfterPull } from './prepared';

/** Who is signed in and for which day this tablet is prepared. */
export interface Facts {
  account: Account | undefined;
  prepared: PreparedDay | undefined;
  /** What the regency calls a village: desa, pekon, kampung. Empty until it is known. */
  villageWord: string;
}

/** Everything the actions of the officer's door work with. One per tab that may write. */
export interface Tablet {
  db: Database;
  core: Core;
  writer: Writer;
  loop: SyncLoop;
  status: StatusSignal;
  facts: Source<Facts>;
  /** Grows by one whenever documents changed; lists read again. */
  data: Signal<number>;
  /** Groups in the background what an earlier start of the app did not get to. */
  healGroups(): void;
}

export interface TabletParts {
  db: Database;
  core: Core;
  post: Exchanging['post'];
  appVersion: string;
}

/** Puts the parts together. Tests give their own; the app uses `startTablet`. */
export async function assemble({ db, core, post, appVersion }: TabletParts): Promise<Tablet> {
  const status = statusSource();
  const data = new Source(0);
  const facts = new Source<Facts>({
    account: await readMeta(db, 'account'),
    prepared: await readMeta(db, 'prepared'),
    villageWord: (await readMeta(db, 'site'))?.local_village_word ?? '',
  });
  // Groups are made of residents that are stored already: late or lost, they can be made again.
  const afterGrouping = (grouping: Promise<boolean>): void => {
    void grouping
      .then((regrouped) => {
        if (regrouped) data.update((version) => version + 1);
      })
      .catch(() => undefined);
  };
  const changed = (documents: readonly string[]): void => {
    data.update((version) => version + 1);
    afterGrouping(regroup(db, core, documents));
  };
  const start = new AppStart(db, appVersion);
  const writer: Writer = new Writer(db, start, (documents) => {
    changed(documents);
    loop.nudge();
  });
  const loop = new SyncLoop({
    exchanging: {
      db,
      core,
      post: entering(db, core, post),
      learn: learning(db, core),
      alone: (work) => writer.alone(work),
      onApplied: changed,
    },
    status,
    day: () => readMeta(db, 'prepared'),
    onPulled: (day) => completeAfterPull({ db, facts }, day),
    onDeadSession: (session) => start.abandon(session),
    countHeld: async () => (await countNotices(db)) + (await countRefused(db)),
  });
  const healGroups = (): void => {
    afterGrouping(regroupLeft(db, core));
  };
  return { db, core, writer, loop, status, facts, data, healGroups };
}

/** How far the start of the app is. */
export type Stage =
  | { name: 'opening' }
  /** Another tab of this tablet is open; this one takes over when that one closes. */
  | { name: 'elsewhere' }
  | { name: 'broken'; code: string }
  /** The browser cleared the app's storage while it was open: what was not sent is gone. */
  | { name: 'cleared' }
  | { name: 'ready'; tablet: Tablet };

/** Travels in session headers, so that the office sees which tablets run what. */
const APP_VERSION = '0.1.0';
const LOCK = 'mpp-petugas-writer';

/** Starts the door. Only one tab writes: the others wait for the lock and say so. */
export function startTablet(): Signal<Stage> {
  const stage = new Source<Stage>({ name: 'opening' });
  const begin = async (): Promise<void> => {
    // Lists need no core: they do not wait until its file is read and compiled.
    const core = loadCore();
    core.catch(() => undefined);
    const db = await openDatabase(
      () => stage.set({ name: 'elsewhere' }),
      () => stage.set({ name: 'cleared' }),
    );
    const tablet = await assemble({
      db,
      core: lateCore(core),
      post: exchange,
      appVersion: APP_VERSION,
    });
    tablet.loop.start();
    listen(tablet.loop);
    tablet.healGroups();
    stage.set({ name: 'ready', tablet });
    await core;
  };
  const hold = async (): Promise<never> => {
    await begin().catch((error: unknown) => {
      stage.set({ name: 'broken', code: error instanceof Error ? error.message : 'UNKNOWN' });
    });
    return new Promise<never>(() => undefined);
  };
  void navigator.locks
    .request(LOCK, { ifAvailable: true }, (lock) => (lock === null ? false : hold()))
    .then(() => {
      stage.set({ name: 'elsewhere' });
      return navigator.locks.request(LOCK, hold);
    });
  return stage;
}

/** The moments at which trying again is worth it. */
function listen(loop: SyncLoop): void {
  window.addEventListener('online', () => loop.nudge());
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') loop.nudge();
  });
}

/** Who writes now. Throws when nobody is signed in or the tablet is not prepared. */
export function writing(tablet: Tablet): Writing {
  const { account, prepared } = tablet.facts.get();
  if (account === undefined || prepared === undefined) throw new Error('NOT_PREPARED');
  return {
    officer: account.username,
    device: prepared.device,
    label: prepared.label,
    day: prepared.day.id,
  };
}
