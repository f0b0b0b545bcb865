/** An outcome that a caller must look at. */
export type Result<T, E> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E };

/** A failure with a stable English code and a sentence that says what to do. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}
