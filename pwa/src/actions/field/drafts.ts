import { allDrafts, deleteDraft, readDraft, writeDraft } from '../../db/drafts';
import { RecordErased } from '../../db/refuse-erased';
import { emptyForm, isStarted, type ApplicationForm } from '../../form/application-form';
import { nowSeconds } from '../../lib/clock';
import type { Tablet } from './tablet';

export interface Draft {
  id: string;
  ticket: string;
  name: string;
  updated_at: number;
}

/** What became of a form as typed: on the disk; on the screen only; or about somebody whose data the office erased. */
export type Kept = 'kept' | 'no_room' | 'erased';

/** Milliseconds after the last key until the form is kept; the promise is at most 300. */
const QUIET = 200;

/** Keeps a form as typed while it is filled in, and at once when the app is left. */
export class DraftKeeper {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private waiting: ApplicationForm | null = null;
  private closed = false;

  /** `onKept` hears after each try what became of what was typed. */
  constructor(
    private readonly tablet: Tablet,
    readonly id: string,
    private readonly onKept: (kept: Kept) => void = () => undefined,
  ) {}

  /** The form changed. `form` must be a copy that nobody changes any more. */
  keep(form: ApplicationForm): void {
    if (this.closed) return;
    this.waiting = form;
    this.timer ??= setTimeout(() => void this.flush(), QUIET);
  }

  /** Writes what is waiting. A full storage is no reason to fail: it waits for the next try. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const form = this.waiting;
    const day = this.tablet.facts.get().prepared?.day.id;
    if (form === null || day === undefined || this.closed) return;
    this.waiting = null;
    const kept = await writeDraft(this.tablet.db, { id: this.id, day, updated_at: nowSeconds(), form }).then(
      (): Kept => 'kept',
      (error: unknown): Kept => (error instanceof RecordErased ? 'erased' : 'no_room'),
    );
    if (kept === 'no_room') this.waiting ??= form;
    this.onKept(kept);
  }

  /** The form was saved or thrown away: nothing may write the draft again. */
  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** The save did not happen: the form is kept again. */
  reopen(): void {
    this.closed = false;
  }
}

/** The form of a draft as typed; undefined when there is none. */
export async function loadDraft(tablet: Tablet, id: string): Promise<ApplicationForm | undefined> {
  const draft = await readDraft(tablet.db, id);
  if (draft === undefined) return undefined;
  // A draft of an older version of the app may lack what was added since.
  return { ...emptyForm(null, ''), ...(draft.form as Partial<ApplicationForm>) };
}

/** Forms that were begun and not saved, newest first. */
export async function unfinished(tablet: Tablet): Promise<Draft[]> {
  const drafts = await allDrafts(tablet.db);
  return drafts
    .filter(({ form }) => isStarted({ ...emptyForm(null, ''), ...(form as Partial<ApplicationForm>) }))
    .sort((one, other) => other.updated_at - one.updated_at)
    .map(({ id, updated_at, form }) => {
      const { ticket, applicant } = form as ApplicationForm;
      return { id, updated_at, ticket, name: applicant.name };
    });
}

/** Throws a draft away: only after the officer has said so twice. */
export function dropDraft(tablet: Tablet, id: string): Promise<void> {
  return deleteDraft(tablet.db, id);
}
