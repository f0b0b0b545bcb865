import { randomBytes, toHex } from '../core/bytes';
import type { Database } from '../db/open';
import type { StoredSession } from '../db/schema';
import { nextSessionOrder, readSession } from '../db/sessions';

const SESSION_BYTES = 16;

/**
 * The sessions of this start of the app: one per day worked on. A session is never continued after
 * a restart, so that a storage that was rolled back or copied cannot fork a chain unseen.
 */
export class AppStart {
  private readonly names = new Map<string, string>();

  constructor(
    private readonly db: Database,
    private readonly appVersion: string,
  ) {}

  /** The office will not go on with this session: the next save begins another one. */
  abandon(session: string): void {
    for (const [key, name] of this.names) if (name === session) this.names.delete(key);
  }

  /** This start's session for a day, as stored; or how it will be stored by its first save. */
  async session(device: string, day: string, now: number): Promise<StoredSession> {
    const key = `${device}/${day}`;
    const name = this.names.get(key) ?? toHex(randomBytes(SESSION_BYTES));
    this.names.set(key, name);
    return (
      (await readSession(this.db, name)) ?? {
        session: name,
        order: await nextSessionOrder(this.db),
        device,
        day,
        app_version: this.appVersion,
        started_at: now,
        next_counter: 0,
        next_save: 0,
        last_save_hash: null,
        frames: [],
        confirmed: 0,
      }
    );
  }
}
