import { afterEach, expect, test, vi } from 'vitest';
import { api, ApiError } from './api.ts';

afterEach(() => vi.unstubAllGlobals());
const answer = (response: Response): ReturnType<typeof vi.fn> => {
  const fetch = vi.fn(async () => response.clone());
  vi.stubGlobal('fetch', fetch);
  return fetch;
};
const problemOf = (asking: Promise<unknown>) =>
  asking.then(
    () => null,
    (error: unknown) => (error instanceof ApiError ? error.problem : error),
  );

test('names are escaped, and a change is posted', async () => {
  const fetch = answer(Response.json({}));
  await api.flow('order 42/a');
  await api.editIncident('a/b', 'ack', 'seen');
  expect(fetch.mock.calls.map(([path]) => path as string)).toEqual([
    '/api/v1/flows/order%2042%2Fa',
    '/api/v1/incidents/a%2Fb/ack',
  ]);
  expect(fetch.mock.calls[0]![1]).not.toHaveProperty('method');
  expect(fetch.mock.calls[1]![1]).toMatchObject({ method: 'POST', body: '{"text":"seen"}' });
});

test('a failed answer is the problem that the server names, or its status where it names none', async () => {
  answer(Response.json({ code: 'query.invalid', detail: 'no such field' }, { status: 400 }));
  expect(await problemOf(api.views())).toMatchObject({ code: 'query.invalid', status: 400 });
  answer(new Response('<html>', { status: 502, statusText: 'Bad Gateway' }));
  expect(await problemOf(api.views())).toMatchObject({ detail: 'Bad Gateway', status: 502 });
});

test('a server that cannot be reached is a problem, a request that was given up is not', async () => {
  const refused = new TypeError('failed to fetch');
  vi.stubGlobal('fetch', () => Promise.reject(refused));
  expect(await problemOf(api.views())).toMatchObject({ code: 'offline', status: 0 });
  expect(await problemOf(api.flow('a', AbortSignal.abort()))).toBe(refused);
});
