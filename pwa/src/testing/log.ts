import type { Cursor, ReceivedChange, SyncRecord } from '../core/exchange';
import type { Core, CoreFunctions } from '../core/functions';
import { page } from './office';

/** A log of one scope in memory, which says its sums and is repaired, as an office's. */
export class TestLog {
  /** What the scope lists. */
  changes: ReceivedChange[] = [];
  /** Names that it asks for in the next step of a repair. */
  wants: string[] = [];

  constructor(
    private readonly core: Core,
    readonly cursors: Cursor[],
  ) {}

  get scope(): string {
    return this.cursors[0]?.scopes[0] ?? '';
  }

  /** What it says to a request: what it has been asked to repair, and at its end the sums. */
  readonly says = async ({ hello, repairs = [] }: CoreFunctions['request_encode']['in']): Promise<SyncRecord[]> => {
    const through = { type: 'repair', scope: this.scope, position: 7, message: new Uint8Array() } as const;
    const wanted = this.wants.splice(0);
    const steps: SyncRecord[] = repairs.flatMap(({ scope }) =>
      scope === this.scope
        ? [{ type: 'want', scope, ids: wanted } as const, page(this.changes, this.cursors), through]
        : [],
    );
    return [...steps, page([], this.cursors), await this.digest(((hello.flags ?? 0) & 1) === 1)];
  };

  private async digest(sums: boolean): Promise<SyncRecord> {
    const { scope } = this;
    const items = this.changes.map(({ document, hash, time }) => ({ document, hash, time }));
    const { repair } = await this.core.call('repair_begin', { scope, position: 7, items });
    const listings = items.map(({ document, hash }) => ({ scope, document, hash }));
    const counted = await this.core.call('sums_add', { sums: [], listings });
    const none = { scope, sum: '00'.repeat(32), count: 0 };
    return { type: 'digest', fold: repair.fold, sums: sums ? [counted.sums[0] ?? none] : [] };
  }
}
