import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Flow, FlowList, MapAnswer, VariantsAnswer } from '@fermata/server/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fermata } from '../support/command.ts';
import { eventually } from '../support/eventually.ts';
import { createClient, type Client } from '../support/foreign/client.ts';
import { freshDirectory, startServer, type ServerProcess } from '../support/server-process.ts';

/**
 * Folder with files that pm4py wrote, and with scripts by which pm4py checks exported files;
 * undefined if it is not beside the checkout. PM4PY names a Python with pm4py; the default is
 * python3.
 */
const oracle = [
  fileURLToPath(new URL('../../../shared/fixtures/pm4py-oracle/', import.meta.url)),
].find(existsSync);
const python = process.env['PM4PY'] ?? 'python3';
const hasPm4py = oracle !== undefined && spawnSync(python, ['-c', 'import pm4py']).status === 0;
if (!oracle)
  process.stdout.write('\n  SKIPPED: pm4py’s files; there are none beside this checkout\n\n');
else if (!hasPm4py) process.stdout.write('\n  SKIPPED: pm4py’s opinion; it is not installed\n\n');

let server: ServerProcess;
let client: Client;
const directory = freshDirectory();
beforeAll(async () => {
  server = await startServer(directory.path, { FERMATA_SETTLE: '1s' });
  client = createClient(server);
});
afterAll(async () => {
  await server.end('SIGTERM');
  directory.remove();
});

const exported = async (environment: string, format: string): Promise<string> => {
  const response = await fetch(
    `${server.web}/api/v1/flows/export?environment=${environment}&format=${format}`,
  );
  expect(response.status).toBe(200);
  expect(response.headers.get('fermata-export-cut')).toBe('false');
  return response.text();
};

describe.runIf(oracle)('pm4py’s files', () => {
  const read = (file: string): Buffer => readFileSync(`${oracle}${file}`);
  const expected = oracle
    ? (JSON.parse(read('exchange.expected.json').toString()) as {
        'ocel xml read back': Record<'events' | 'objects' | 'relations' | 'o2o', number> & {
          objectChanges: number;
        };
        'xes read back': { variants: number; directlyFollows: [string, string, number][] };
      })
    : null;

  const check = async (script: string, file: string, content: string): Promise<object> => {
    const path = join(directory.path, file);
    writeFileSync(path, content);
    // Both scripts exit with 1 if they find a problem, so that `execFile` rejects.
    const { stdout } = await promisify(execFile)(python, [`${oracle}${script}`, path]);
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as object;
  };

  test.each([
    ['orders-14.xes', 'xes'],
    ['orders-14.ocel2.xml', 'ocel-xml'],
  ])('%s has the flows, and the order of steps, that pm4py reads', async (file, format) => {
    const report = await client.import(read(file), format);
    expect(report).toMatchObject({ format, records: 95, skipped: 0 });
    await client.flowsOf(format, 14, 95);
    const { items } = await client.get<VariantsAnswer>('lenses/variants', { environment: format });
    expect(items).toHaveLength(expected!['xes read back'].variants);
    const about = { environment: format, follows: 'start' };
    const map = await client.get<MapAnswer>('lenses/map', about);
    const follows = map
      .directlyFollows!.items.filter(({ from, to }) => from !== '' && to !== '')
      .map(({ from, to, count }) => [from, to, count]);
    expect(follows.sort()).toEqual([...expected!['xes read back'].directlyFollows].sort());
  });

  test.runIf(hasPm4py)(
    'what is exported is valid, and pm4py reads all of it',
    async () => {
      const traces = { traces: 14, events: 95, valid: true };
      expect(await check('check-xes.py', 'a.xes', await exported('xes', 'xes'))).toMatchObject(
        traces,
      );
      expect(await check('check-ocel.py', 'a.json', await exported('xes', 'ocel'))).toMatchObject({
        file: { events: 95, objects: 14, relations: 95 },
        valid: true,
      });
      const { events, objects, relations, o2o, objectChanges } = expected!['ocel xml read back'];
      const again = await check('check-ocel.py', 'b.json', await exported('ocel-xml', 'ocel'));
      expect(again).toMatchObject({
        file: { events, objects, relations, o2o },
        ...{ objectChanges, valid: true },
      });
      // What each format says is the same in the other.
      const xml = await check('check-ocel.py', 'c.xml', await exported('ocel-xml', 'ocel-xml'));
      expect(xml).toEqual(again);
      const ofSpans = await check('check-ocel.py', 'd.xml', await exported('xes', 'ocel-xml'));
      expect(ofSpans).toMatchObject({
        file: { events: 95, objects: 14, relations: 95 },
        valid: true,
      });
    },
    120_000,
  );

  test('what is exported as OTLP is imported into another environment as it was', async () => {
    const lines = await exported('xes', 'otlp');
    expect(await client.import(lines, 'otlp')).toMatchObject({ format: 'otlp', records: 95 });
    const [before, after] = [
      await client.flowsOf('xes', 14, 95),
      await client.flowsOf('otlp', 14, 95),
    ];
    const told = (flows: Flow[]): string[] =>
      flows.map(({ key, steps }) => `${key}: ${steps.map(({ name }) => name).join()}`).sort();
    expect(told(after)).toEqual(told(before));
  });

  test('imported again, nothing is there twice', async () => {
    await client.import(read('orders-14.xes'), 'xes');
    await client.flowsOf('xes', 14, 95);
  });
});

/** An execution that runs, of which one part has ended, as Conductor and Temporal tell it. */
const RUNNING: Record<'conductor' | 'temporal', object> = {
  conductor: {
    ...{ workflowId: 'w1', workflowName: 'order', status: 'RUNNING', startTime: 1.7e12 },
    tasks: [
      {
        ...{ taskId: 't1', taskType: 'SIMPLE', taskDefName: 'reserve', status: 'COMPLETED' },
        ...{ scheduledTime: 1.7e12, startTime: 1.7e12 + 1, endTime: 1.7e12 + 9 },
      },
      {
        ...{ taskId: 't2', taskType: 'SIMPLE', taskDefName: 'charge', status: 'IN_PROGRESS' },
        ...{ scheduledTime: 1.7e12 + 10, startTime: 1.7e12 + 11 },
      },
    ],
  },
  temporal: {
    events: (
      [
        ['WorkflowExecutionStarted', { workflowId: 'w1', workflowType: { name: 'order' } }],
        ['ActivityTaskScheduled', { activityType: { name: 'reserve' } }],
        ['ActivityTaskCompleted', { scheduledEventId: 2 }],
        ['ActivityTaskScheduled', { activityType: { name: 'charge' } }],
      ] satisfies [string, object][]
    ).map(([eventType, attributes], i) => ({
      ...{ eventId: i + 1, eventType, eventTime: `2026-01-01T00:00:0${i}Z` },
      [`${eventType}EventAttributes`]: attributes,
    })),
  },
};
test.each(['conductor', 'temporal'] as const)(
  'nothing is missing of an execution of %s that runs',
  async (format) => {
    await client.import(JSON.stringify(RUNNING[format]), `runs-${format}`, { format });
    const [flow] = await client.flowsOf(`runs-${format}`, 1, 3);
    expect(flow!.steps.map(({ name, status }) => [name, status]).sort()).toEqual([
      ['charge', 'running'],
      ['order', 'running'],
      ['reserve', 'ok'],
    ]);
    expect(flow!.badges).toEqual(['imported']);
    expect(flow!.incomplete).toBe(false);
  },
);

test('an export as CSV is imported again, formulas are harmless in between', async () => {
  const table =
    'flow,type,step,service,start,end,status\n' +
    '"=cmd|\' /C calc\'!A0",@order,+pack,-shop,2026-01-01T00:00:00.000001Z,2026-01-01T00:00:01Z,ok\n' +
    'o2,@order,ship,shop,2026-01-01T00:00:00Z,2026-01-01T00:00:01Z,failed\n';
  await client.import(table, 'csv');
  await client.flowsOf('csv', 2, 2);
  const csv = await exported('csv', 'csv');
  for (const cell of csv.split(/[,\r\n]+/)) expect(cell).not.toMatch(/^"?[=+\-@]/);
  await client.import(csv, 'csv-again');
  const told = (flows: Flow[]): object[] =>
    flows
      .map(({ key, type, status, steps }) => ({
        ...{ key, type, status },
        steps: steps.map((step) => [step.name, step.service, step.startUnixNano, step.status]),
      }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  // The test waits, because a flow counts as ended only some time after its last span.
  const after = await eventually(async () => {
    const [before, again] = [
      await client.flowsOf('csv', 2, 2),
      await client.flowsOf('csv-again', 2, 2),
    ];
    expect(told(before).map((flow) => (flow as Flow).status)).toEqual(['completed', 'failed']);
    expect(told(again)).toEqual(told(before));
    return again;
  });
  expect(after[0]!.badges).toContain('imported');
});

test('one flow is a diagram, and unknown formats are refused', async () => {
  const about = { environment: 'diagram' };
  await client.import('flow,step,service,end\no7,pa;ck,shop,2026-01-01T00:00:00Z\n', 'diagram');
  await client.flowsOf('diagram', 1, 1);
  const [{ id } = { id: '' }] = (await client.get<FlowList>('flows', about)).items;
  const get = (path: string): Promise<Response> => fetch(`${server.web}/api/v1/${path}`);
  const sequence = await get(`flows/${id}/export?format=mermaid`);
  expect(sequence.headers.get('content-type')).toBe('text/vnd.mermaid; charset=utf-8');
  expect(sequence.headers.get('content-disposition')).toBe('attachment; filename="o7.mmd"');
  expect(await sequence.text()).toMatch(
    /^sequenceDiagram\n[^]*participant s0 as shop\n[^]*pa#59;ck\n/,
  );
  expect(await (await get(`flows/o7/export?format=flowchart`)).text()).toMatch(/^flowchart TD\n/);
  expect((await get(`flows/${id}/export?format=temporal`)).status).toBe(400);
  expect((await get('flows/export?format=mermaid')).status).toBe(400);
  expect((await get('flows/nothing/export?format=csv')).status).toBe(404);
  const cut = await get('flows/export?format=csv&environment=csv&limit=1');
  expect(cut.headers.get('fermata-export-cut')).toBe('true');
  expect(cut.headers.get('fermata-export-total')).toBe('2');
});

test('a page of another site cannot import', async () => {
  const post = (headers: Record<string, string>): Promise<Response> =>
    fetch(`${server.web}/api/v1/import`, { method: 'POST', headers, body: 'flow,step,end\n' });
  expect((await post({ 'content-type': 'text/plain' })).status).toBe(415);
  const origin = { 'content-type': 'application/octet-stream', origin: 'http://evil.example' };
  expect((await post(origin)).status).toBe(403);
});

test('the command imports a file, and goes on after the server was killed', async () => {
  const lines = Array.from({ length: 4000 }, (_, i) =>
    JSON.stringify({
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
          scopeSpans: [{ spans: Array.from({ length: 10 }, (_one, k) => spanOf(i, k)) }],
        },
      ],
    }),
  );
  const file = join(directory.path, 'orders.jsonl');
  writeFileSync(file, lines.join('\n'));
  const data = freshDirectory();
  let killed = await startServer(data.path, { FERMATA_EXPECT: 'off' });
  const { port } = new URL(killed.web);
  const imported = fermata(['import', file, '--environment', 'big'], killed.web);
  await eventually(async () => {
    const metrics = await (await fetch(`${killed.web}/metrics`)).text();
    expect(Number(/fermata_committed_records_total (\d+)/.exec(metrics)?.[1])).toBeGreaterThan(
      4999,
    );
  }, 60_000);
  await killed.end('SIGKILL');
  killed = await startServer(data.path, { FERMATA_EXPECT: 'off', FERMATA_PORT: port });
  expect(await imported).toMatchObject({ code: 0 });
  expect((await imported).said).toContain('40,000 records of otlp in environment big\n');
  const list = await eventually(async () => {
    const of = `${killed.web}/api/v1/flows?environment=big&limit=1000`;
    const found = (await (await fetch(of)).json()) as FlowList;
    expect(found.total).toBe(4000);
    return found;
  }, 60_000);
  expect(new Set(list.items.map(({ stepCount }) => stepCount))).toEqual(new Set([10]));
  const sheet = await fermata(['export', 'order-1', '--format', 'csv', '--limit', '2'], killed.web);
  expect(sheet.said.split('\norder-1').length - 1).toBe(20);
  expect(sheet.said).toMatch(/the file has the oldest of \d+ flows/);
  const chart = await fermata(['export', '--flow', 'order-7', '--format', 'mermaid'], killed.web);
  expect(chart).toMatchObject({ code: 0, said: expect.stringContaining('sequenceDiagram') });
  await killed.end('SIGTERM');
  data.remove();
}, 180_000);

const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0');
const spanOf = (flow: number, step: number): object => ({
  ...{ traceId: hex(flow + 1, 32), spanId: hex(flow * 10 + step + 1, 16), name: `step ${step}` },
  startTimeUnixNano: String(1_700_000_000_000_000_000n + BigInt(flow * 10 + step) * 1_000_000n),
  endTimeUnixNano: String(1_700_000_000_000_000_001n + BigInt(flow * 10 + step) * 1_000_000n),
  attributes: [
    { key: 'fermata.flow.id', value: { stringValue: `order-${flow}` } },
    { key: 'fermata.step.name', value: { stringValue: `step ${step}` } },
  ],
});
