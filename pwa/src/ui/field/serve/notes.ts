import { findingWords } from '../parts/words';
import type { FormFinding } from '../../../actions/field/check-form';

/** What stands under one field. */
export interface FieldNote {
  error?: string;
  warning?: string;
  /** A difference the officer has to look at; `done` once confirmed. */
  confirm?: { key: string; done: boolean };
}

export interface NoteContext {
  findings: readonly FormFinding[];
  /** Fields the officer has left: only these show errors before the first try to save. */
  touched: ReadonlySet<string>;
  attempted: boolean;
  confirmed: readonly string[];
}

/** The remarks on `role.field`. Warnings show at once, errors when the field was left. */
export function noteOn(context: NoteContext, role: string, field: string): FieldNote {
  const note: FieldNote = {};
  for (const finding of context.findings) {
    if (finding.role !== role || !sameField(finding.field, field)) continue;
    const words = findingWords(finding.code);
    if (finding.severity === 'warning') note.warning ??= words;
    else if (context.attempted || context.touched.has(`${role}.${field}`)) note.error ??= words;
    if (finding.toConfirm) {
      note.confirm = { key: finding.key, done: context.confirmed.includes(finding.key) };
    }
  }
  return note;
}

/** The reason for a missing NIK stands at the NIK; declared fields come with their prefix. */
function sameField(found: string, field: string): boolean {
  return found === field || found === `field.${field}` || (found === 'no_nik_reason' && field === 'nik');
}
