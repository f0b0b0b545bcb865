import type { Failure } from './result';

/** Whatever was thrown, as something a sentence can be found for. */
export function toFailure(error: unknown): Failure {
  if (error instanceof Error) {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : 'UNEXPECTED';
    return { code, message: error.message };
  }
  return { code: 'UNEXPECTED', message: '' };
}
