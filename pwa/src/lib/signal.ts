/** A value that tells its readers when it changes. Fits Svelte's `$store` reading. */
export interface Signal<T> {
  get(): T;
  subscribe(reader: (value: T) => void): () => void;
}

export class Source<T> implements Signal<T> {
  private readonly readers = new Set<(value: T) => void>();

  constructor(private value: T) {}

  get(): T {
    return this.value;
  }

  set(value: T): void {
    this.value = value;
    for (const reader of [...this.readers]) reader(value);
  }

  update(change: (value: T) => T): void {
    this.set(change(this.value));
  }

  subscribe(reader: (value: T) => void): () => void {
    this.readers.add(reader);
    reader(this.value);
    return () => this.readers.delete(reader);
  }
}
