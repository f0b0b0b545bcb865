import { randomBytes } from '../../core/bytes';
import type { NewApplication } from '../../core/functions';
import type { Standard } from '../../core/views';
import { readRow, rowsOfVisit } from '../../db/records';
import { RecordErased } from '../../db/refuse-erased';
import type { ApplicationForm } from '../../form/application-form';
import { isStorageError } from '../../sync/trouble';
import { blocking, checkForm, type CheckedForm, type FormFinding } from './check-form';
import { writing, type Tablet } from './tablet';

export type RegisterAnswer =
  | { ok: true; application: string }
  | { ok: false; reason: 'findings'; findings: FormFinding[] }
  | { ok: false; reason: 'storage' | 'erased' | 'other'; code: string };

const RANDOM_BYTES = 8;

/**
 * Saves the form as an application: durable on this tablet when this says ok, with the draft gone
 * in the same transaction. Nothing is sent here.
 */
export async function registerApplication(
  tablet: Tablet,
  form: ApplicationForm,
  standard: Standard | undefined,
  draft: string,
): Promise<RegisterAnswer> {
  const checked = await checkForm(tablet, form, standard);
  const stop = blocking(checked.findings, form);
  if (stop.length > 0 || standard === undefined) {
    return { ok: false, reason: 'findings', findings: stop };
  }
  try {
    return { ok: true, application: await save(tablet, form, standard, checked, draft) };
  } catch (error) {
    if (isStorageError(error)) return { ok: false, reason: 'storage', code: 'STORAGE_FULL' };
    if (error instanceof RecordErased) return { ok: false, reason: 'erased', code: error.code };
    return { ok: false, reason: 'other', code: error instanceof Error ? error.message : '' };
  }
}

async function save(
  tablet: Tablet,
  form: ApplicationForm,
  standard: Standard,
  checked: CheckedForm,
  draft: string,
): Promise<string> {
  const who = writing(tablet);
  const reads = [form.visit, form.resident].filter((id) => id !== null);
  const once = randomBytes(RANDOM_BYTES);
  return tablet.writer.save(who, {
    reads,
    draft,
    async make(ctx, known) {
      const visit = form.visit === null ? undefined : known.get(form.visit);
      const resident = form.resident === null ? undefined : known.get(form.resident);
      const { save: made } = await tablet.core.call('application_register', {
        ctx,
        day: who.day,
        service: standard.service,
        standard: standard.version,
        ...(visit === undefined ? {} : { visit, ...(await codesOf(tablet, visit.id)) }),
        ...(resident === undefined ? {} : { resident }),
        ...content(form, standard, checked),
        random: once,
      });
      const application = made.entries.find(({ kind }) => kind === 'application');
      return { save: made, result: application?.document ?? '' };
    },
  });
}

/** What was typed, normalised by the core; only the fields and requirements that are asked for. */
function content(
  form: ApplicationForm,
  standard: Standard,
  { people, shown }: CheckedForm,
): Pick<NewApplication, 'applicant' | 'subject' | 'representative' | 'fields' | 'checks' | 'notes'> {
  const fields = shown.flatMap((key) => {
    const value = form.fields[key]?.trim() ?? '';
    return value === '' ? [] : [[key, value] as const];
  });
  const checks = standard.requirements.map((_, at) => [String(at), form.checks[at] === true] as const);
  const notes = form.notes.trim();
  return {
    applicant: people.applicant ?? {},
    ...(people.subject === undefined ? {} : { subject: people.subject }),
    ...(people.representative === undefined ? {} : { representative: people.representative }),
    fields: Object.fromEntries(fields),
    checks: Object.fromEntries(checks),
    ...(notes === '' ? {} : { notes }),
  };
}

/** The visit's ticket; and its tracking code for the first application, which is on the slip. */
async function codesOf(
  tablet: Tablet,
  visit: string,
): Promise<{ ticket?: string; tracking?: string }> {
  const row = await readRow(tablet.db, visit);
  const taken = (await rowsOfVisit(tablet.db, visit)).length > 0;
  return {
    ...(row?.ticket === undefined ? {} : { ticket: row.ticket }),
    ...(taken || row?.tracking === undefined ? {} : { tracking: row.tracking }),
  };
}
