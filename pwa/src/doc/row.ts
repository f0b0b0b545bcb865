import type { View } from '../core/views';
import type { Row } from '../db/schema';

type Line = Omit<Row, 'unsent'>;

/** The line of a list that stands for a document. Made only from its view. */
export function lineOf(view: View): Line {
  const base = {
    id: view.id,
    status_conflict: false,
    field_conflicts: view.conflicts.length,
    search: '',
    officer: view.created.officer,
    device: view.created.device,
    created_at: view.created.at,
    updated_at: view.updated.at,
  };
  switch (view.kind) {
    case 'application':
      return {
        ...base,
        kind: 'application',
        search: view.search,
        name: view.applicant.name ?? '',
        service: view.service,
        status: view.status.current,
        status_conflict: view.status.conflict,
        ...given('day', view.day),
        ...given('ticket', view.ticket),
        ...given('tracking', view.tracking),
        ...given('subject', view.subject?.name),
        ...given('nik', view.applicant.nik),
        ...given('village', view.applicant.village),
        ...given('visit', view.visit),
        ...given('resident', view.resident),
      };
    case 'visit':
      return {
        ...base,
        kind: 'visit',
        search: view.search,
        name: '',
        ...given('day', view.day),
        ...given('ticket', view.ticket),
        ...given('tracking', view.tracking),
        ...given('resident', view.resident),
        ...(view.resident === undefined ? given('waiting', view.day) : {}),
      };
    case 'resident':
      return {
        ...base,
        kind: 'resident',
        search: view.search,
        name: view.person.name ?? '',
        ungrouped: view.updated.at,
        ...given('nik', view.person.nik),
        ...given('birth_date', view.person.birth_date),
        ...given('village', view.person.village),
      };
    case 'service_day':
      return { ...base, kind: 'service_day', day: view.id, name: view.place };
    case 'catalogue':
      return { ...base, kind: 'catalogue', name: view.agency.name };
  }
}

function given<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined || value === '' ? {} : ({ [key]: value } as Record<K, V>);
}
