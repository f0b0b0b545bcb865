import type { CoreFunctions } from '../../core/functions';
import type { Kind, Scalar, Status } from '../../core/views';
import type { ApplicationView, Person, Standard } from '../../lib/views';
import { PERSON_KEYS, type PersonForm, type Role } from '../../form/application-form';
import { checkFields, checkPerson, type FormFinding } from './check-form';
import { writing, type Tablet } from './tablet';

/** Changes keys of a document. Choosing one value of a conflict is such a change too. */
export async function editDocument(
  tablet: Tablet,
  id: string,
  kind: Kind,
  set: Record<string, Scalar>,
): Promise<void> {
  await tablet.writer.save(writing(tablet), {
    reads: [id],
    async make(ctx, known) {
      const { save } = await tablet.core.call('document_edit', {
        ctx,
        kind,
        id,
        changes: known.get(id)?.changes ?? [],
        set,
      });
      return { save, result: undefined };
    },
  });
}

/** Keeps one of the values that were typed at the same time. The others stay in the history. */
export function chooseValue(tablet: Tablet, id: string, key: string, value: string): Promise<void> {
  // Conflicts are shown as text; a tick goes back as a tick.
  const chosen = key.startsWith('check/') ? value === 'true' : value;
  return editDocument(tablet, id, 'application', { [key]: chosen });
}

export type EditAnswer = { ok: true } | { ok: false; findings: FormFinding[] };

/** Changes what differs in one person of an application; errors stop it, nothing is half saved. */
export async function editPerson(
  tablet: Tablet,
  id: string,
  role: Role,
  before: Person,
  form: PersonForm,
): Promise<EditAnswer> {
  const { person, findings } = await checkPerson(tablet, form, role);
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) {
    return {
      ok: false,
      findings: errors.map((error) => ({
        ...error,
        role,
        key: `${role}.${error.field}/${error.code}`,
        toConfirm: false,
      })),
    };
  }
  const set: Record<string, Scalar> = {};
  for (const key of PERSON_KEYS) {
    const value = person[key] ?? null;
    if (value !== (before[key] ?? null)) set[`${role}.${key}`] = value;
  }
  if (Object.keys(set).length > 0) await editDocument(tablet, id, 'application', set);
  return { ok: true };
}

/**
 * Changes the declared fields and the notes of an application; errors stop it. A field that is no
 * longer asked for is emptied, as a registration would not have sent it.
 */
export async function editService(
  tablet: Tablet,
  before: ApplicationView,
  standard: Standard | undefined,
  typed: { values: Record<string, string>; notes: string },
): Promise<EditAnswer> {
  const unknown = { shown: Object.keys(typed.values), findings: [] };
  const { shown, findings } =
    standard === undefined ? unknown : await checkFields(tablet, standard, typed.values);
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) return { ok: false, findings: errors };
  const set: Record<string, Scalar> = {};
  const change = (key: string, value: string, earlier: string | undefined): void => {
    const now = value.trim();
    if (now !== (earlier ?? '')) set[key] = now === '' ? null : now;
  };
  for (const [key, value] of Object.entries(typed.values)) {
    change(`field.${key}`, shown.includes(key) ? value : '', before.fields[key]);
  }
  change('notes', typed.notes, before.notes);
  if (Object.keys(set).length > 0) await editDocument(tablet, before.id, 'application', set);
  return { ok: true };
}

/** Adds a status event. `after` names the events that were on the screen when it was decided. */
export async function setStatus(
  tablet: Tablet,
  id: string,
  status: Status,
  reason: string,
  after: readonly string[],
): Promise<void> {
  await tablet.writer.save(writing(tablet), {
    reads: [id],
    async make(ctx, known) {
      const params: CoreFunctions['status_add']['in'] = {
        ctx,
        id,
        changes: known.get(id)?.changes ?? [],
        status,
        after: [...after],
        ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
      };
      const { save } = await tablet.core.call('status_add', params);
      return { save, result: undefined };
    },
  });
}
