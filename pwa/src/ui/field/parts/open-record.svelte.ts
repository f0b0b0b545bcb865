import { readRecord, type RecordPage } from '../../../actions/field/read-record';
import { useTablet } from '../context';

/** A record on the screen, read again whenever documents change. Null when there is none of that name. */
export class OpenRecord {
  page = $state.raw<RecordPage | null>();

  constructor(id: () => string) {
    const tablet = useTablet();
    $effect(() => tablet.data.subscribe(() => void this.read(tablet, id())));
  }

  private async read(tablet: ReturnType<typeof useTablet>, id: string): Promise<void> {
    this.page = (await readRecord(tablet, id)) ?? null;
  }
}
