import { TIMEOUTS } from './timeouts';

/**
 * A request that did not succeed. `code` is stable: the server's own, or NETWORK (not reached),
 * TIMEOUT (gave up waiting), UNREADABLE (an answer that is not ours, such as a login page of a
 * public Wi-Fi). `message` is the server's sentence, empty when the server did not say one.
 */
export class ApiError extends Error {
  readonly code: string;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** Further fields of the error, such as `try_after` and `phone`. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, status: number, details: Record<string, unknown> = {}) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

const ACCEPT = { accept: 'application/json' };
/** The content type is what keeps other sites' forms out. */
const SENT = { 'content-type': 'application/json' };

export type Query = Readonly<Record<string, string | number | undefined>>;

/** Reads JSON. Empty query values are left out. */
export async function getJson<T>(path: string, query: Query = {}): Promise<T> {
  return request<T>(pathWith(path, query), { method: 'GET' }, TIMEOUTS.read);
}

/** Sends JSON. */
export async function postJson<T>(path: string, body: unknown): Promise<T> {
  return request<T>(path, { method: 'POST', body: JSON.stringify(body) }, TIMEOUTS.write);
}

export function pathWith(path: string, query: Query): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') search.set(key, String(value));
  }
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

async function request<T>(path: string, init: RequestInit, timeout: number): Promise<T> {
  const response = await send(path, init, timeout);
  if (response.status === 204) return undefined as T;
  const body = await readBody(response);
  if (!response.ok) throw failureOf(response.status, body);
  return body as T;
}

async function send(path: string, init: RequestInit, timeout: number): Promise<Response> {
  try {
    return await fetch(path, {
      ...init,
      credentials: 'same-origin',
      headers: init.body === undefined ? ACCEPT : { ...ACCEPT, ...SENT },
      signal: AbortSignal.timeout(timeout),
    });
  } catch (error) {
    throw withoutAnswer(error);
  }
}

/** An answer may stop half way; that is a network failure too. */
async function readBody(response: Response): Promise<unknown> {
  let text: string;
  try {
    text = await response.text();
  } catch (error) {
    throw withoutAnswer(error);
  }
  if (text === '') return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ApiError('UNREADABLE', '', response.status);
  }
}

function withoutAnswer(error: unknown): ApiError {
  const timedOut = error instanceof DOMException && error.name === 'TimeoutError';
  return new ApiError(timedOut ? 'TIMEOUT' : 'NETWORK', '', 0);
}

function failureOf(status: number, body: unknown): ApiError {
  const error = isRecord(body) && isRecord(body.error) ? body.error : null;
  if (error === null || typeof error.code !== 'string') {
    return new ApiError('UNREADABLE', '', status);
  }
  const message = typeof error.message === 'string' ? error.message : '';
  return new ApiError(error.code, message, status, error);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
