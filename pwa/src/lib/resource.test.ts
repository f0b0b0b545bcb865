import { describe, expect, it } from 'vitest';
import { Resource } from './resource.svelte.ts';

describe('a resource', () => {
  it('keeps what it had when loading again fails', async () => {
    let fail = false;
    const resource = new Resource(() =>
      fail ? Promise.reject(new Error('down')) : Promise.resolve('first'),
    );
    await resource.reload();
    fail = true;
    await resource.reload();
    expect(resource.value).toBe('first');
    expect(resource.failure).toEqual({ code: 'UNEXPECTED', message: 'down' });
    expect(resource.loading).toBe(false);
  });

  it('drops an answer that was overtaken by a later one', async () => {
    const answers: ((value: string) => void)[] = [];
    const resource = new Resource(() => new Promise<string>((resolve) => answers.push(resolve)));
    const first = resource.reload();
    const second = resource.reload();
    answers[1]?.('new');
    await second;
    answers[0]?.('old');
    await first;
    expect(resource.value).toBe('new');
  });
});
