import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { createCounters } from '../base/counters.ts';
import { FermataError } from '../base/errors.ts';
import { closeServer, listen } from '../base/http.ts';
import { silentLog } from '../base/log.ts';
import type { Flow, Relation } from '../model/flow.ts';
import type { Store } from '../store/index.ts';
import { someFlows } from '../testing/some-flows.ts';
import { queryApp, type QueryOptions } from './index.ts';

/** Tests that every error reaches a client as a problem document, without internal details. */
let server: Server;
let base: string;
const saved: string[] = [];
const counters = createCounters();
const someFlow: Flow = { ...someFlows(1, 1_800_000_000_000)[0]!, relations: [] };
const child: Relation = { flowId: 'part', kind: 'child', viaSpanId: '', target: 'part' };
const alike: Relation = { flowId: 'alike', kind: 'shares-key', viaSpanId: '', target: 'alike' };
/** What cannot be read now. */
const broken = new Set<'family' | 'sharing'>();
const warned: string[] = [];
const unlessBroken = (what: 'family' | 'sharing', found: Relation): Promise<Relation[]> =>
  broken.has(what) ? Promise.reject(new Error(`no ${what}`)) : Promise.resolve([found]);
beforeAll(async () => {
  const store: Partial<Store> = {
    services: () =>
      Promise.reject(
        new FermataError('store.unavailable', 'Syntax error: SELECT secret', { retryable: true }),
      ),
    flowTypes: () => Promise.reject(new TypeError('x is not a function')),
    documents: () => Promise.resolve([]),
    findFlow: (name) => Promise.resolve([name]),
    getFlow: () => Promise.resolve({ flow: someFlow, version: 1, timelineComputedMs: 0 }),
    familyOf: () => unlessBroken('family', child),
    sharingOf: () => unlessBroken('sharing', alike),
    saveDocument(_kind, name) {
      saved.push(name);
      return Promise.resolve();
    },
  };
  const options: Partial<QueryOptions> = {
    store: store as Store,
    views: store as Store,
    clock: systemClock(),
    counters,
    log: { ...silentLog, warn: (fields) => void warned.push(JSON.stringify(fields)) },
    hosts: { host: '127.0.0.1', allowedHosts: [] },
    about: () => ({ version: '0' }) as ReturnType<QueryOptions['about']>,
    webRoot: '',
  };
  server = createServer(queryApp(options as QueryOptions));
  base = `http://127.0.0.1:${await listen(server, '127.0.0.1', 0, '', '')}`;
});
afterAll(() => closeServer(server));

const ask = async (
  path: string,
  init?: RequestInit,
): Promise<{ status: number; detail: string }> => {
  const answer = await fetch(`${base}${path}`, init);
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  return (await answer.json()) as { status: number; detail: string };
};

test('what the engine says of a failed query is for the log', async () => {
  expect(await ask('/api/v1/services')).toMatchObject({
    status: 503,
    code: 'store.unavailable',
    detail: 'the store did not take or give data',
  });
  expect(await ask('/api/v1/flow-types')).toMatchObject({
    status: 500,
    detail: 'the answer could not be computed; the log has the reason',
  });
});

test.each<[failing: ('family' | 'sharing')[], relations: Relation[], logged: string[]]>([
  [[], [child, alike], []],
  [['family'], [alike], ['no family']],
  [['sharing'], [child], ['no sharing']],
  [['family', 'sharing'], [], ['no family']],
])(
  'a flow of which %j cannot be read says so, and is shown',
  async (failing, relations, logged) => {
    const unread = (): number =>
      counters.read().find(({ name }) => name === 'fermata_unread_relations_total')?.value ?? 0;
    const before = unread();
    warned.length = 0;
    for (const what of failing) broken.add(what);
    const answer = await fetch(`${base}/api/v1/flows/${someFlow.id}`);
    broken.clear();
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      ...{ id: someFlow.id, relations, relationsUnread: failing.length > 0 },
      incomplete: failing.length > 0,
    });
    expect(unread() - before).toBe(failing.length);
    // However many reads fail, one line tells it.
    expect(warned).toHaveLength(logged.length);
    for (const [i, detail] of logged.entries()) expect(warned[i]).toContain(detail);
  },
);

test.each([
  ['GET', '/nowhere'],
  ['GET', '/assets/x'],
  ['GET', '/assets/..%2f..%2fpackage.json'],
  ['GET', '/%'],
  ['POST', '/'],
  ['GET', '/api/v1/incidents/'],
])('%s %s: 404', async (method, path) => {
  expect(await ask(path, { method })).toMatchObject({ status: 404, code: 'query.not-found' });
});

test.each([
  ['DELETE', '/healthz', 'GET, HEAD'],
  ['PUT', '/api/v1/flows', 'GET, HEAD'],
  ['PUT', '/api/v1/views', 'GET, HEAD, POST'],
])('%s %s: 405, and what is allowed', async (method, path, allowed) => {
  const answer = await fetch(`${base}${path}`, { method });
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, allowed]);
});

test('a body that is too large is 413, one of another type is 415', async () => {
  const body = JSON.stringify({ name: 'x'.repeat(70_000) });
  for (const [type, status, code] of [
    ['application/json', 413, 'request.too-large'],
    ['text/plain', 415, 'request.unsupported-type'],
    ['application/json; charset=nonsense', 415, 'request.unsupported-type'],
  ] as const)
    expect(
      await ask('/api/v1/views', { method: 'POST', headers: { 'content-type': type }, body }),
    ).toMatchObject({ status, code });
});

test.each([
  ['status=stuck,foo', 'status: "foo" is none of active, compensating, late, stuck, completed'],
  ['q=status:foo', 'status is never "foo"; there are active, compensating, late, stuck, completed'],
])('flows?%s: what there is to ask for, not an empty list', async (query, detail) => {
  const answer = await ask(`/api/v1/flows?${query}`);
  expect(answer).toMatchObject({ status: 400, code: 'query.invalid' });
  expect(answer.detail).toContain(detail);
});

test('half a character in a body is the fault of its sender', async () => {
  const post = (body: string): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  for (const body of [
    '{"name":"\\ud800"}',
    '{"name":"a","q":"\\udc00x"}',
    '{"name":"a","\\ud800":1}',
  ])
    expect(await ask('/api/v1/views', post(body)), body).toMatchObject({
      status: 400,
      code: 'query.invalid',
    });
  expect(saved).toEqual([]);
  expect((await fetch(`${base}/api/v1/views`, post('{"name":"\\ud83d\\ude00"}'))).status).toBe(201);
  expect(saved).toEqual(['😀']);
});
