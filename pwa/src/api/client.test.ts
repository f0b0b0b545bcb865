import { afterEach, describe, expect, it, vi } from 'vitest';
import { ApiError, getJson, pathWith, postJson } from './client';

function answerWith(body: string, status = 200): ReturnType<typeof vi.fn> {
  const answer = vi.fn(() => Promise.resolve(new Response(body, { status })));
  vi.stubGlobal('fetch', answer);
  return answer;
}

function failWith(error: Error): void {
  vi.stubGlobal('fetch', () => Promise.reject(error));
}

const failure = async (work: Promise<unknown>): Promise<ApiError> => {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof ApiError)) throw new Error('expected an ApiError');
  return error;
};

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('the api client', () => {
  it('reads JSON and leaves empty filters out of the address', async () => {
    const fetched = answerWith('{"total":3}');
    await expect(getJson('/api/x', { q: 'a b', day: '', page: undefined })).resolves.toEqual({ total: 3 });
    expect(fetched.mock.calls[0]?.[0]).toBe('/api/x?q=a+b');
    expect(pathWith('/api/x', {})).toBe('/api/x');
  });

  it('sends JSON with the content type that other sites cannot send', async () => {
    const fetched = answerWith('{}');
    await postJson('/api/x', { a: 1 });
    const init = fetched.mock.calls[0]?.[1] as RequestInit;
    expect(init.body).toBe('{"a":1}');
    expect(init.headers).toMatchObject({ 'content-type': 'application/json' });
    expect(init.credentials).toBe('same-origin');
  });

  it("passes on the server's code, sentence and details", async () => {
    answerWith('{"error":{"code":"TRACKING_NOT_ARRIVED","message":"Coba lagi.","phone":"0731"}}', 404);
    const error = await failure(getJson('/api/x'));
    expect(error.code).toBe('TRACKING_NOT_ARRIVED');
    expect(error.message).toBe('Coba lagi.');
    expect(error.status).toBe(404);
    expect(error.details.phone).toBe('0731');
  });

  it('says that the network failed when nothing answered', async () => {
    failWith(new TypeError('Failed to fetch'));
    expect((await failure(getJson('/api/x'))).code).toBe('NETWORK');
  });

  it('says that it gave up waiting', async () => {
    failWith(new DOMException('timed out', 'TimeoutError'));
    expect((await failure(getJson('/api/x'))).code).toBe('TIMEOUT');
  });

  it('does not take the login page of a public network for an answer', async () => {
    answerWith('<html>Login Wi-Fi</html>');
    expect((await failure(getJson('/api/x'))).code).toBe('UNREADABLE');
    answerWith('<html>Bad gateway</html>', 502);
    expect((await failure(getJson('/api/x'))).code).toBe('UNREADABLE');
    answerWith('{"detail":"odd"}', 500);
    expect((await failure(getJson('/api/x'))).code).toBe('UNREADABLE');
  });

  it('accepts an answer without a body', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(null, { status: 204 })));
    await expect(postJson('/api/logout', {})).resolves.toBeUndefined();
  });
});
