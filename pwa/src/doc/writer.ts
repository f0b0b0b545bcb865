import type { Context, KnownDocument, Save } from '../core/functions';
import { commitSave, SaveRaced } from '../db/commit-save';
import type { Database } from '../db/open';
import { readDocuments } from '../db/records';
import type { StoredSession } from '../db/schema';
import { nowSeconds } from '../lib/clock';
import type { AppStart } from '../outbox/session';
import { lineOf } from './row';

/** Who writes, and for which day. */
export interface Writing {
  officer: string;
  device: string;
  label: string;
  day: string;
}

/** What a person wants saved. */
export interface Intention<T> {
  /** Documents the save builds on. */
  reads: readonly string[];
  /** Asks the core for the save. May be called again when something was written in between. */
  make(context: Context, known: ReadonlyMap<string, KnownDocument>): Promise<Made<T>>;
  /** The draft that this save replaces. */
  draft?: string;
}

export interface Made<T> {
  save: Save;
  result: T;
  ticket?: { day: string; number: number };
}

/** How often a save is made anew when a pull changed its documents meanwhile. */
const ATTEMPTS = 5;

/**
 * The only way to save: one save at a time, each durable before its promise resolves. Nothing here
 * waits for a network.
 */
export class Writer {
  private queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly db: Database,
    private readonly start: AppStart,
    private readonly onSaved: (documents: readonly string[]) => void,
  ) {}

  save<T>(who: Writing, intention: Intention<T>): Promise<T> {
    return this.alone(() => this.attempt(who, intention));
  }

  /** Runs `work` while no save is being made. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const run = this.queue.then(work);
    this.queue = run.catch(() => undefined);
    return run;
  }

  private async attempt<T>(who: Writing, intention: Intention<T>): Promise<T> {
    for (let left = ATTEMPTS; ; left -= 1) {
      const at = nowSeconds();
      const session = await this.start.session(who.device, who.day, at);
      const known = await knownDocuments(this.db, intention.reads);
      const made = await intention.make(contextOf(who, session, at), known);
      try {
        await commitSave(this.db, {
          session,
          save: made.save,
          rows: made.save.entries.map(({ view }) => lineOf(view)),
          read: new Map([...known].map(([id, { changes }]) => [id, changes.length])),
          about: intention.reads,
          ...(intention.draft === undefined ? {} : { draft: intention.draft }),
          ...(made.ticket === undefined ? {} : { ticket: made.ticket }),
        });
      } catch (error) {
        if (error instanceof SaveRaced && left > 1) continue;
        throw error;
      }
      this.onSaved(made.save.entries.map(({ document }) => document));
      return made.result;
    }
  }
}

/** The documents among `ids` that this tablet holds, as the core wants them. */
export async function knownDocuments(
  db: Database,
  ids: readonly string[],
): Promise<Map<string, KnownDocument>> {
  const stored = await readDocuments(db, ids);
  return new Map(
    stored.flatMap((document) =>
      document === undefined ? [] : [[document.id, { id: document.id, changes: document.changes }]],
    ),
  );
}

function contextOf(who: Writing, session: StoredSession, at: number): Context {
  return {
    session: session.session,
    counter: session.next_counter,
    officer: who.officer,
    device: who.label,
    at,
    save_number: session.next_save,
    save_previous: session.last_save_hash,
  };
}
