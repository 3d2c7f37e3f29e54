import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answerSchemas } from '../../testing/answer-schemas.ts';
import { manualClock } from '../../base/clock.ts';
import { createCounters } from '../../base/counters.ts';
import { closeServer, listen } from '../../base/http.ts';
import { silentLog } from '../../base/log.ts';
import type { FlowLogs, Problem } from '../../contract/index.ts';
import type { Flow } from '../../model/flow.ts';
import type { LogRecord } from '../../model/log-record.ts';
import { unixNanos } from '../../model/time.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../../testing/embedded-store.ts';
import { someFlows } from '../../testing/some-flows.ts';
import { queryApp, type QueryOptions } from '../index.ts';

const NOW = 1_800_000_000_000;
const traceId = 'a'.repeat(32);
const [ofStep, memberSpan] = ['1'.repeat(16), '2'.repeat(16)] as const;
const [made] = someFlows(1, NOW) as [Flow];
const step = { ...made.steps[0]!, traceId, spanIds: [ofStep] };
const flow: Flow = {
  ...made,
  steps: [step, ...made.steps.slice(1)],
  members: [traceId + ofStep, traceId + memberSpan],
};
let opened: EmbeddedStore;
let server: Server;
let base: string;

const record = (n: number, over: Partial<LogRecord>): LogRecord => ({
  ...{ id: String(n).padStart(16, '0'), traceId, spanId: '', time: unixNanos(BigInt(n)) },
  ...{ receivedAtMs: NOW, severity: 9, eventName: '', scope: '', body: `line ${n}` },
  ...{ attributes: '', resource: '', isCut: false },
  service: { environment: '', name: 'shop', version: '', instance: '' },
  ...over,
});
beforeAll(async () => {
  opened = await openEmbeddedStore(NOW);
  await opened.insert([flow]);
  const { store } = opened;
  const desk = { environment: '', name: 'desk', version: '', instance: '' };
  await store.insertLogs([
    store.prepareLogs(
      [
        record(1, { severity: 0 }),
        record(2, { severity: 14, service: desk }),
        record(3, { spanId: ofStep, severity: 17, body: '<b>Refused</b>' }),
        record(4, { spanId: memberSpan, attributes: '{"__proto__":"p","order":42}' }),
        record(5, { severity: 24, isCut: true }),
      ],
      [{ id: 'd', traceId, receivedAtMs: NOW, records: 7, errors: 2 }],
    ),
  ]);
  const options: Partial<QueryOptions> = {
    ...{ store, logs: 'all', clock: manualClock(NOW), counters: createCounters() },
    ...{ log: silentLog, hosts: { host: '127.0.0.1', allowedHosts: [] }, webRoot: '' },
    about: () => ({ version: '0' }) as ReturnType<QueryOptions['about']>,
  };
  server = createServer(queryApp(options as QueryOptions));
  base = `http://127.0.0.1:${await listen(server, '127.0.0.1', 0, '', '')}`;
}, 60_000);
afterAll(async () => {
  await closeServer(server);
  await opened.close();
});

const ask = (query: string, name = flow.id): Promise<Response> =>
  fetch(`${base}/api/v1/flows/${encodeURIComponent(name)}/logs?${query}`);
const read = async (query: string): Promise<FlowLogs> =>
  (await (await ask(query)).json()) as FlowLogs;
const bodies = async (query: string): Promise<string[]> =>
  (await read(query)).items.map(({ body }) => body);

test('the log records of a flow, with what they can be narrowed by', async () => {
  const { items, ...rest } = await read('');
  expect(items.map(({ severity }) => severity)).toEqual([null, 'warn', 'error', 'info', 'fatal']);
  expect(items[2]).toEqual({
    ...{ id: '0000000000000003', traceId, spanId: ofStep, timeUnixNano: '3' },
    ...{ receivedAt: new Date(NOW).toISOString(), severity: 'error', severityNumber: 17 },
    ...{ service: 'shop', eventName: '', scope: '', body: '<b>Refused</b>', isCut: false },
    ...{ attributes: {}, resource: {} },
  });
  expect(JSON.stringify(items[3]!.attributes)).toBe('{"__proto__":"p","order":42}');
  expect(rest).toEqual({
    ...{ nextCursor: null, total: 5, incomplete: false, kept: 'all' },
    severities: [null, 'info', 'warn', 'error', 'fatal'].map((severity) => ({
      severity,
      records: 1,
    })),
    services: [
      { service: 'shop', records: 4 },
      { service: 'desk', records: 1 },
    ],
    dropped: { records: 7, errors: 2 },
  });
});

test('they are narrowed by level, service, text and step', async () => {
  expect(await bodies('severity=error')).toEqual(['<b>Refused</b>', 'line 5']);
  expect(await bodies('service=desk')).toEqual(['line 2']);
  expect(await bodies('text=%20refused')).toEqual(['<b>Refused</b>']);
  expect(await bodies('text=order')).toEqual(['line 4']);
  expect(await bodies(`step=${encodeURIComponent(step.id)}`)).toEqual(['<b>Refused</b>']);
  const { total, severities } = await read('severity=fatal');
  expect([total, severities.length]).toEqual([1, 5]);
});

test('pages follow each other without gaps or repeats', async () => {
  const pages: string[][] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: FlowLogs = await read(`limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
    expect(page.total).toBe(5);
    pages.push(page.items.map(({ id }) => id.slice(-1)));
    cursor = page.nextCursor;
  }
  expect(pages).toEqual([['1', '2'], ['3', '4'], ['5']]);
});

test('a wrong parameter is refused by its name; what there is not is said', async () => {
  for (const [query, name] of [
    ['severity=loud', 'severity'],
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['cursor=nonsense', 'cursor'],
    ['level=error', 'level'],
    [`text=${'x'.repeat(201)}`, 'text'],
  ] as const) {
    const answer = await ask(query);
    expect([query, answer.status]).toEqual([query, 400]);
    expect(((await answer.json()) as Problem).detail).toContain(name);
  }
  expect((await ask('step=never')).status).toBe(404);
  expect((await ask('', 'never')).status).toBe(404);
});

test('another name of the flow leads to it, with the same parameters', async () => {
  const answer = await ask('severity=error&limit=1', traceId);
  expect(answer.redirected).toBe(true);
  expect(answer.url).toContain(`${flow.id}/logs?severity=error&limit=1`);
  expect(((await answer.json()) as FlowLogs).items).toHaveLength(1);
});

test('the description has every parameter and field of the answer', async () => {
  const document = (await (await fetch(`${base}/api/openapi.json`)).json()) as {
    paths: Record<string, { get: { parameters: { name: string }[] } }>;
    components: { schemas: Record<string, { properties: object }> };
  };
  const { parameters } = document.paths['/api/v1/flows/{id}/logs']!.get;
  expect(parameters.map(({ name }) => name).sort()).toEqual(
    ['cursor', 'id', 'limit', 'service', 'severity', 'step', 'text'].sort(),
  );
  const answer = await read('');
  const { FlowLogs: page, FlowLog: log } = document.components.schemas;
  expect(Object.keys(page!.properties).sort()).toEqual(Object.keys(answer).sort());
  expect(Object.keys(log!.properties).sort()).toEqual(Object.keys(answer.items[0]!).sort());
  expect(answerSchemas(document).problemsOf('listLogs', 200, answer)).toEqual([]);
});
