import type { ApplicationDetail } from '../../actions/office/look';

/** What every part of a record's page gets. */
export interface RecordPart {
  readonly detail: ApplicationDetail;
}

/** What a part gets that decides something; `reload` shows the outcome. */
export interface DecidingPart extends RecordPart {
  readonly reload: () => Promise<void>;
}
