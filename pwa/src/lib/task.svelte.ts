import { toFailure } from './failure';
import type { Failure } from './result';

/** Something a person started: it runs once at a time, and its failure stays to be read. */
export class Task {
  busy = $state(false);
  failure: Failure | null = $state.raw(null);

  /** True when the work succeeded; a second start while the first runs does nothing. */
  async run(work: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.failure = null;
    try {
      await work();
      return true;
    } catch (error) {
      this.failure = toFailure(error);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
