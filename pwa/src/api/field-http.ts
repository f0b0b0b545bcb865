/** Milliseconds after which a call is given up and retried later. */
export const TIMEOUTS = {
  /** Small JSON answers. */
  json: 30_000,
  /** The regions file and other larger downloads. */
  download: 120_000,
  /** One sync exchange: 256 KB at the worst link seen in the field (about 20 kbit/s). */
  exchange: 180_000,
} as const;

/** No answer: no signal, the link was cut, or it took too long. */
export class Unreachable extends Error {}

/** The server answered no. `code` is stable English, the message is a sentence for the person. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** Seconds to wait before asking again, when the server said so. */
    readonly retryAfter: number | null,
  ) {
    super(message);
  }
}

interface ErrorBody {
  error?: { code?: string; message?: string };
}

/** A GET, or a POST when there is a body, with JSON both ways. Throws `Unreachable` or `Refused`. */
export async function callJson<T>(
  path: string,
  body?: unknown,
  timeout: number = TIMEOUTS.json,
): Promise<T> {
  const request: RequestInit =
    body === undefined
      ? {}
      : {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify(body),
        };
  const response = await send(path, request, timeout);
  try {
    return (response.status === 204 ? undefined : await response.json()) as T;
  } catch {
    throw new Unreachable('the answer was cut');
  }
}

/** Sends and throws unless the answer is a success. */
export async function send(path: string, request: RequestInit, timeout: number): Promise<Response> {
  const response = await fetch(path, { ...request, signal: AbortSignal.timeout(timeout) }).catch(
    (error: unknown) => {
      throw new Unreachable(error instanceof Error ? error.name : 'fetch');
    },
  );
  if (response.ok) return response;
  const { error } = (await response.json().catch(() => ({}))) as ErrorBody;
  const retryAfter = Number(response.headers.get('Retry-After') ?? NaN);
  throw new Refused(
    response.status,
    error?.code ?? `HTTP_${String(response.status)}`,
    error?.message ?? '',
    Number.isFinite(retryAfter) ? retryAfter : null,
  );
}
