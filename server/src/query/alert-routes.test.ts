import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { createCounters } from '../base/counters.ts';
import { closeServer, listen } from '../base/http.ts';
import { silentLog } from '../base/log.ts';
import { postedDefinitions, definitionText } from '../expect/index.ts';
import type { Incident, Silence } from '../model/incident.ts';
import type { Store } from '../store/index.ts';
import { queryApp, type QueryOptions } from './index.ts';

let server: Server;
let base: string;
const documents = new Map<string, string>();
const silences: Omit<Silence, 'id' | 'createdAt' | 'version'>[] = [];
const part = { rule: 'undelivered-message', flowType: 'order', service: 'mailer' };
const incident = {
  ...{ id: 'i1', status: 'open', title: 'order: send email does not come', openCount: 39 },
  parts: [part],
} as unknown as Incident;

beforeAll(async () => {
  const store = {
    flowTypes: async () => ({
      items: [{ type: 'order', services: ['mailer'] }],
      incomplete: false,
    }),
    services: async () => ({ items: [{ name: 'mailer' }, { name: 'stock' }], incomplete: false }),
    listFlows: async () => ({ items: [], total: 7, next: null }),
    documents: async (kind: string) =>
      [...documents]
        .filter(([id]) => id.startsWith(kind))
        .map(([id, body]) => ({ id: id.split('/')[1]!, body })),
    async saveDocument(kind: string, id: string, _version: number, body: string) {
      documents.set(`${kind}/${id}`, body);
    },
  } as unknown as Store;
  const options: Partial<QueryOptions> = {
    ...{ store, views: store, clock: systemClock(), counters: createCounters(), log: silentLog },
    ...{ hosts: { host: '127.0.0.1', allowedHosts: [] }, webRoot: '' },
    about: () => ({ version: '0' }) as ReturnType<QueryOptions['about']>,
    rules: { list: () => [{ name: 'slow-checkout' }] } as unknown as QueryOptions['rules'],
    alerts: {
      incidents: () => [incident],
      incident: (id: string) => (id === 'i1' ? incident : undefined),
      notifications: async () => [],
      hasForgotten: (id: string) => id === 'old',
      heldBack: () => ({ held: [incident], partly: [] }),
      async silence(fields: Omit<Silence, 'id' | 'createdAt' | 'version'>) {
        silences.push(fields);
        return { ...fields, id: 's', createdAt: 0, version: 0 };
      },
    } as unknown as QueryOptions['alerts'],
    definitions: { list: () => [], define: async () => 1 },
    readDefinitions: postedDefinitions,
    definitionText,
  };
  server = createServer(queryApp(options as QueryOptions));
  base = `http://127.0.0.1:${await listen(server, '127.0.0.1', 0, '', '')}/api/v1`;
});
afterAll(() => closeServer(server));

interface Answer {
  status: number;
  body: Record<string, unknown>;
}
const post = async (path: string, body: object): Promise<Answer> => {
  const answer = await fetch(`${base}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};

test.each([
  [{ rule: 'undelivered message' }, 'Did you mean undelivered-message?'],
  [{ rule: 'slow-chekout' }, 'Did you mean slow-checkout?'],
  [{ service: 'mailr' }, 'Did you mean mailer?'],
  [{ service: 'no-such-thing-at-all' }, 'Nothing would be silenced'],
  [{ flowType: 'orders' }, 'Did you mean order?'],
  [{ incidentId: 'gone' }, 'Take the id of an open incident'],
  [{ comment: 'all of it' }, 'Name a rule, a service'],
])('a silence of what does not exist is refused: %o', async (fields, hint) => {
  for (const path of ['/alerts/silences', '/alerts/silences/preview']) {
    const { status, body } = await post(path, { minutes: 60, ...fields });
    expect([status, body['code']]).toEqual([400, 'query.invalid']);
    expect(body['hint']).toContain(hint);
  }
  expect(silences).toEqual([]);
});

test('a silence has an end, by time or with its incident', async () => {
  expect((await post('/alerts/silences', { service: 'mailer' })).body['detail']).toContain(
    'an end',
  );
  expect(
    (await post('/alerts/silences', { service: 'mailer', untilResolved: true })).body['detail'],
  ).toContain('needs an incident');
  expect(await post('/alerts/silences', { service: 'mailer', minutes: 60 })).toMatchObject({
    status: 201,
    body: { service: 'mailer', untilResolved: false },
  });
  expect(await post('/alerts/silences', { incidentId: 'i1', untilResolved: true })).toMatchObject({
    status: 201,
    body: { incidentId: 'i1', untilResolved: true },
  });
  expect(silences).toHaveLength(2);
});

test.each([
  ['?incidentId=old', true],
  ['?incidentId=i1', false],
  ['', false],
])('notifications%s: whether some may be missing', async (query, incomplete) => {
  const answer = await fetch(`${base}/alerts/notifications${query}`);
  expect(await answer.json()).toEqual({ items: [], incomplete });
});

test('a preview says what a silence would hold back', async () => {
  expect((await post('/alerts/silences/preview', { service: 'mailer' })).body).toEqual({
    ...{ flows: 39, partly: [] },
    held: [{ id: 'i1', title: 'order: send email does not come', openCount: 39 }],
  });
});

test.each([
  ['javascript:alert(1)//{value}', 'is not an http:// or https:// address'],
  ['https://shop.example/orders', 'has no {value}'],
  ['https://{value}.example/', 'fixed host'],
])('a link to %s is refused', async (url, why) => {
  const { status, body } = await post('/settings', { links: [{ key: 'order.id', url }] });
  expect([status, body['detail']]).toEqual([400, expect.stringContaining(why)]);
});

test('links are kept, one for each key', async () => {
  const link = { key: 'order.id', url: 'https://shop.example/orders/{value}' };
  expect((await post('/settings', { links: [link, link] })).status).toBe(400);
  expect((await post('/settings', { links: [link] })).status).toBe(200);
  expect(await (await fetch(`${base}/settings`)).json()).toEqual({ links: [link] });
});

test('a definition is checked before it is saved, with its lines', async () => {
  const wrong = await post('/definitions/check', { yaml: 'flows:\n  order:\n    steps: 3\n' });
  expect(wrong.body['problems']).toEqual([expect.stringMatching(/^line 3: flows\.order\.steps/)]);
  const yaml = 'flows:\n  order:\n    steps:\n      - name: charge card\n        within: 5m\n';
  const { body } = await post('/definitions/check', { yaml });
  expect(body).toEqual({
    problems: [],
    types: [{ type: 'order', version: '', stored: null, yaml, openFlows: 7 }],
  });
  expect((await post('/definitions', { yaml })).status).toBe(201);
});
