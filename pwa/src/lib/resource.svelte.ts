import { toFailure } from './failure';
import type { Failure } from './result';

/** Something that is loaded, and loaded again, without losing what is on the screen. */
export class Resource<T> {
  value: T | null = $state.raw(null);
  failure: Failure | null = $state.raw(null);
  loading = $state(false);
  readonly #load: () => Promise<T>;
  #latest = 0;

  constructor(load: () => Promise<T>) {
    this.#load = load;
  }

  /** Answers of an earlier call that come late are dropped. The old value stays until then. */
  async reload(): Promise<void> {
    this.#latest += 1;
    const turn = this.#latest;
    this.loading = true;
    try {
      const value = await this.#load();
      if (turn !== this.#latest) return;
      this.value = value;
      this.failure = null;
    } catch (error) {
      if (turn === this.#latest) this.failure = toFailure(error);
    } finally {
      if (turn === this.#latest) this.loading = false;
    }
  }
}
