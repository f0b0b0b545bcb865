import type { ApplicationView, Standard } from '../../../lib/views';

/** What every part of a record that can be corrected is given. */
export interface RecordPart {
  application: ApplicationView;
  standard: Standard | undefined;
  /** Runs a save and says plainly whether it is on the tablet. */
  saved: (work: () => Promise<unknown>) => Promise<void>;
}
