import type {
  ApplicationView,
  HistoryEntry,
  NextStatus,
  ResidentView,
  Standard,
} from '../../core/views';
import { noticesOf, readDocument, readGroup, readRow, refusedOf, rowsWithNik } from '../../db/records';
import type { StoredGroup } from '../../db/schema';
import { tiersOfDocuments } from '../../outbox/tiers';
import { standardOf } from './catalogue';
import { lines, placeOf, type Place, type RecordLine } from './records';
import type { Tablet } from './tablet';

/** Everything the page of one application shows. */
export interface RecordPage {
  application: ApplicationView;
  standard: Standard | undefined;
  resident: ResidentView | undefined;
  group: StoredGroup | undefined;
  history: HistoryEntry[];
  next: NextStatus[];
  place: Place;
  /** Codes of changes the office holds back, and of changes this tablet could not apply. */
  held: string[];
  refused: string[];
  /** Other applications with the same NIK. */
  others: RecordLine[];
}

export async function readRecord(tablet: Tablet, id: string): Promise<RecordPage | undefined> {
  const { db, core } = tablet;
  const stored = await readDocument(db, id);
  if (stored?.view?.kind !== 'application') return undefined;
  const application = stored.view;
  const resident =
    application.resident === undefined ? undefined : await readDocument(db, application.resident);
  const [{ history }, { statuses }, row, held, refused, group, tiers] = await Promise.all([
    core.call('document_view', { id, kind: stored.kind, changes: stored.changes }),
    core.call('next_statuses', { current: application.status.current }),
    readRow(db, id),
    noticesOf(db, id),
    refusedOf(db, id),
    application.resident === undefined ? undefined : readGroup(db, application.resident),
    tiersOfDocuments(db),
  ]);
  return {
    application,
    standard: await standardOf(tablet, application.service, application.standard),
    resident: resident?.view?.kind === 'resident' ? resident.view : undefined,
    group,
    history,
    next: statuses,
    place: placeOf(row ?? { unsent: [] }, held[0]?.code ?? '', tiers.get(id)),
    held: held.map(({ code }) => code),
    refused: refused.map(({ code }) => code),
    others: await othersOf(tablet, application),
  };
}

async function othersOf(tablet: Tablet, application: ApplicationView): Promise<RecordLine[]> {
  const { nik } = application.applicant;
  if (nik === undefined) return [];
  const rows = await rowsWithNik(tablet.db, nik);
  return lines(
    tablet,
    rows.filter(({ kind, id }) => kind === 'application' && id !== application.id),
  );
}
