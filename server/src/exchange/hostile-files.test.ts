import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { createCounters } from '../base/counters.ts';
import { FermataError } from '../base/errors.ts';
import { silentLog } from '../base/log.ts';
import type { ImportReport } from '../contract/index.ts';
import type { OtlpExport } from '../model/otlp.ts';
import { decodeFileJson } from '../receive/index.ts';
import { createExchange, type ImportRequest } from './index.ts';

const taken: OtlpExport[] = [];
const exchange = createExchange({
  ...{ clock: systemClock(), counters: createCounters(), log: silentLog, decode: decodeFileJson },
  offer: (request) => Promise.resolve(void taken.push(request)),
});

type Asked = Partial<Omit<ImportRequest, 'format'>> & { format?: string };
function imported(chunks: Iterable<string | Buffer>, asked: Asked = {}): Promise<ImportReport> {
  const bytes = async function* (): AsyncIterable<Uint8Array> {
    await Promise.resolve();
    for (const chunk of chunks) yield Buffer.from(chunk);
  };
  const request = {
    ...{ format: '', environment: 'e', teaches: false, flowType: '', caseType: '', columns: {} },
    ...asked,
  };
  return exchange.import(bytes(), request, () => undefined);
}
const problem = async (chunks: Iterable<string | Buffer>, format: string): Promise<string> => {
  const { done, error } = await imported(chunks, { format });
  expect(done).toBe(false);
  return `${error!.code} ${error!.detail}`;
};
/** Yields the same text many times, which is far more than may be in memory at once. */
function* times(count: number, text: string): Iterable<string> {
  for (let i = 0; i < count; i++) yield text;
}
const MB = 'x'.repeat(1 << 20);

test('XML with entities is refused before any is read', async () => {
  const laughs = '<!DOCTYPE log [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><log>&b;</log>';
  expect(await problem([laughs], 'xes')).toMatch(/^import.malformed .*document type/);
  expect(await problem(['<log>&unknown;</log>'], 'xes')).toMatch(/^import.malformed not XML/);
});

test('what nests without end is refused', async () => {
  expect(await problem(times(1000, '<log>'), 'xes')).toMatch(/^import.too-large .*64 levels/);
  expect(await problem(times(1000, '{"a":['), 'jaeger')).toMatch(/^import.too-large .*64 levels/);
  expect(await problem(times(1000, '['), 'otlp')).toMatch(/^import.too-large .*64 levels/);
});

test('one text, element, row or record without end is refused', async () => {
  const unended = ['<log><trace><string key="', ...times(8, MB)];
  expect(await problem(unended, 'xes')).toMatch(/^import.too-large an element is too long/);
  expect(await problem(['<log>', ...times(8, MB)], 'xes')).toMatch(/^import.too-large/);
  expect(await problem(['a,b\n"', ...times(8, MB)], 'csv')).toMatch(/^import.too-large one row/);
  expect(await problem(['{"data":[{"a":"', ...times(40, MB)], 'jaeger')).toMatch(
    /^import.too-large one record is larger than 32 MiB/,
  );
  const many = ['[{"a":[', ...times(2500, '1,'.repeat(1000)), '1]}]'];
  expect(await problem(many, 'jaeger')).toMatch(/^import.too-large .* values/);
});

test('gzip is read, unless it is a bomb, and archives are not', async () => {
  const line = JSON.stringify({ resourceSpans: [] });
  expect(await problem([gzipSync(line)], 'otlp')).toMatch(/^import.malformed nothing in the file/);
  const small = gzipSync(Buffer.alloc(40 << 20, '\n'));
  expect(small.length).toBeLessThan(1 << 20);
  expect(await problem([small], 'csv')).toMatch(/^import.too-large .*200 times as large/);
  expect(await problem([gzipSync(line).subarray(0, 20)], 'otlp')).toMatch(
    /^import.malformed .*gzip/,
  );
  expect(await problem(['PK\u0003\u0004'], 'csv')).toMatch(/^import.malformed .*zip archive/);
});

test.each(['otlp', 'zipkin', 'jaeger', 'conductor'])(
  'a file of %s whose records give nothing is not read to its end',
  async (format) => {
    const [open, close] = format === 'jaeger' ? ['{"data":[', ']}'] : ['', ''];
    const line = format === 'jaeger' ? '{},' : '{}\n';
    const file = gzipSync(`${open}${line.repeat(1 << 20)}{}${close}`);
    expect(await problem([file], format)).toMatch(/^import.too-large more than 250000 records/);
  },
);

test('records that give nothing among more that give spans are passed over', async () => {
  const many = requestOf(...Array.from({ length: 1000 }, (_, i) => spanOf(i)));
  const file = [...times(260, `${many}\n`), '{}\n'.repeat(255_000)];
  const report = await imported(file, { format: 'otlp' });
  expect(report).toMatchObject({ done: true, records: 260_000 });
});

test('an import ends when its client is gone, although nothing in the file says so', async () => {
  for (const [format, text] of [
    ['xes', '<a/>'.repeat(10_000)],
    ['otlp', '{}\n'.repeat(10_000)],
  ] as const) {
    const left = new AbortController();
    let pulled = 0;
    const file = function* (): Iterable<string> {
      if (format === 'xes') yield '<log>';
      for (; pulled < 20; pulled++) {
        if (pulled === 2) left.abort();
        yield text;
      }
    };
    const report = await imported(file(), { format, signal: left.signal });
    expect(report, format).toMatchObject({ done: false, error: { code: 'import.abandoned' } });
    expect(pulled, format).toBeLessThan(4);
  }
});

test('a file of another format, of none and a file that ends early are told', async () => {
  expect(await problem(['{"a":1}'], 'xes')).toMatch(/^import.malformed not XML/);
  expect(await problem(['a,b\n1,2\n'], 'csv')).toMatch(/no column is known as flow, step, end/);
  expect(await problem(['{"data":[{"traceID":"1"'], 'jaeger')).toMatch(/ends within a value/);
  await expect(imported(['what is this'])).rejects.toThrow(FermataError);
  await expect(imported(['x'], { format: 'pdf' })).rejects.toThrow(/"pdf" is none of csv, ocel/);
});

test('what is wrong with rows is counted, and the others are taken', async () => {
  taken.length = 0;
  const rows = ['case,activity,timestamp\n', 'o1,place,2026-01-01T00:00:00Z\n', 'o1,pack,never\n'];
  const report = await imported([...rows, 'o2,,2026-01-01\n', '"o2"x,ship,1\n', 'o1,"a\n']);
  expect(report).toMatchObject({ done: true, format: 'csv', records: 1 });
  expect(report.reasons.map(({ why, what }) => `${what}: ${why}`)).toEqual(
    expect.arrayContaining([
      'line 3: neither "" nor "never" is a time',
      'line 4: it has no step',
      'line 5: Invalid Closing Quote',
      'line 6: Quote Not Closed',
    ]),
  );
  expect(taken.flatMap(({ spans }) => spans.map(({ name }) => name))).toEqual(['place']);
});

test('what was read before a file turned out to be broken is kept', async () => {
  taken.length = 0;
  const event = (name: string): string =>
    `<event><string key="concept:name" value="${name}"/>` +
    '<date key="time:timestamp" value="2026-01-01T00:00:00Z"/></event>';
  const report = await imported(['<log xes.version="2.0"><trace>', event('a'), event('b'), '<x']);
  expect(report).toMatchObject({ done: false, format: 'xes', records: 2 });
  expect(report.error!.code).toBe('import.malformed');
  expect(taken.flatMap(({ spans }) => spans.map(({ name }) => name))).toEqual(['a', 'b']);
});

test('no more imports run at once than may, and each gives its place back', async () => {
  const waits: (() => void)[] = [];
  const slow = async function* (): AsyncIterable<Uint8Array> {
    await new Promise<void>((resolve) => waits.push(resolve));
    yield Buffer.from('{"resourceSpans":[]}');
  };
  const request = {
    ...{ format: 'otlp', environment: 'e', teaches: false, flowType: '', caseType: '' },
    columns: {},
  };
  const two = [1, 2].map(() => exchange.import(slow(), request, () => undefined));
  await expect(imported(['x'], { format: 'csv' })).rejects.toThrow(/2 imports are running/);
  await new Promise((resolve) => setImmediate(resolve));
  for (const go of waits) go();
  await Promise.all(two);
  expect((await imported(['x'], { format: 'csv' })).done).toBe(false);
});

const AT = '2026-01-01T00:00:00Z';
/** Imports a value as a JSON file. What was passed to the intake is in `taken`. */
async function importedJson(format: string, file: unknown): Promise<ImportReport> {
  taken.length = 0;
  return imported([JSON.stringify(file)], { format });
}

test.each(['constructor', '__proto__', 'toString'])('%s is a text like any other', async (word) => {
  const zipkin = [{ traceId: 'a', id: 'b', name: 'n', timestamp: 1e15, kind: word }];
  expect(await importedJson('zipkin', zipkin)).toMatchObject({ done: true, records: 1 });
  expect(taken[0]!.spans[0]!.kind).toBe(1);
  const span = { spanID: 'b', operationName: 'n', startTime: 1e15, processID: word };
  const jaeger = [{ traceID: 'a', spans: [span], processes: {} }];
  expect(await importedJson('jaeger', jaeger)).toMatchObject({ done: true, records: 1 });
  expect(taken[0]!.spans[0]!.resource.attributes.slice(0, 2)).toEqual(['service.name', 'unknown']);
  const running: [string, unknown][] = [
    ['conductor', { workflowId: 'w', status: word, startTime: 1e12, tasks: [] }],
    ['step-functions', { events: [{ id: 1, previousEventId: 0, type: word, timestamp: AT }] }],
    [
      'temporal',
      [
        { eventId: 1, eventType: 'WorkflowExecutionStarted', timestamp: AT },
        { eventId: 2, eventType: word, timestamp: AT },
      ],
    ],
  ];
  for (const [format, file] of running) {
    expect(await importedJson(format, file)).toMatchObject({ done: true, records: 1 });
    expect(taken[0]!.logs.map(({ eventName }) => eventName)).toEqual(['fermata.step.started']);
  }
});

test('a commit that fails for good is tried once', async () => {
  let tries = 0;
  const broken = createExchange({
    ...{ clock: systemClock(), counters: createCounters(), log: silentLog, decode: decodeFileJson },
    offer: () => Promise.reject(new TypeError(`broken ${++tries}`)),
  });
  const bytes = async function* (): AsyncIterable<Uint8Array> {
    yield await Promise.resolve(Buffer.from(`case,activity,timestamp\no1,place,${AT}\n`));
  };
  const request = {
    ...{ format: 'csv', environment: 'e', teaches: false, flowType: '', caseType: '' },
    columns: {},
  };
  const report = await broken.import(bytes(), request, () => undefined);
  expect(report).toMatchObject({ done: false, records: 0, error: { code: 'import.failed' } });
  expect(tries).toBe(1);
});

const names = (): string[] => taken.flatMap(({ spans }) => spans.map(({ name }) => name));

test('a value of another type leaves out what it is in, and nothing else', async () => {
  const span = (id: string, over: object): object => ({
    ...{ traceId: 'a', id, name: id, timestamp: 1e15, ...over },
  });
  const odd = [{ name: 5 }, { tags: null, annotations: {} }, { annotations: [null] }, { id: {} }];
  const zipkin = [span('1', {}), ...odd.map((over, i) => span(`odd ${i}`, over)), span('2', {})];
  expect(await importedJson('zipkin', zipkin)).toMatchObject({ done: true, skipped: 4 });
  expect(names()).toEqual(['1', '2']);

  const good = { spanID: 'b', operationName: 'good', startTime: 1e15 };
  const traces: unknown[] = [{}, [null], [{ ...good, references: {} }, good], 'text', [good]].map(
    (spans) => ({ traceID: 'a', spans }),
  );
  expect(await importedJson('jaeger', traces)).toMatchObject({ done: true, skipped: 4 });
  expect(names()).toEqual(['good', 'good']);

  const started = { eventId: 1, eventType: 'WorkflowExecutionStarted', timestamp: AT };
  const ended = { eventId: 2, eventType: 'WorkflowExecutionCompleted', timestamp: AT };
  const histories = [{ events: 7 }, { events: [null] }, { events: [started, ended] }];
  const temporal = await importedJson('temporal', histories);
  expect(temporal).toMatchObject({ done: true, records: 1, skipped: 2 });

  const execution = { workflowId: 'w', status: 'COMPLETED', startTime: 1e12, endTime: 2e12 };
  const executions = [
    { ...execution, tasks: [null, { taskType: 5, taskDefName: 'pay', startTime: 1, endTime: 2 }] },
    { ...execution, correlationId: {}, tasks: [{ taskDefName: {}, startTime: 1, endTime: 2 }] },
    { ...execution, workflowName: 'last', tasks: [] },
  ];
  expect(await importedJson('conductor', executions)).toMatchObject({ done: true, skipped: 2 });
  expect(names()).toEqual(['workflow', 'pay', 'workflow', 'last']);

  const event = { id: 1, previousEventId: 0, type: 'ExecutionSucceeded', timestamp: AT };
  const states = [{ events: {} }, { events: [null] }, { events: [event], executionArn: 5 }];
  const stepFunctions = await importedJson('step-functions', [...states, { events: [event] }]);
  expect(stepFunctions).toMatchObject({ done: true, records: 1, skipped: 3 });
});

test('what was read is committed, whatever ends the import', async () => {
  taken.length = 0;
  const cut = function* (): Iterable<string> {
    yield JSON.stringify({ traceId: 'a', id: 'b', name: 'place', timestamp: 1e15 });
    throw new Error('the disk is gone');
  };
  const report = await imported(cut(), { format: 'zipkin' });
  expect(report).toMatchObject({ done: false, records: 1, error: { code: 'import.failed' } });
  expect(names()).toEqual(['place']);
});

test('of a trace of XES whose events only begin, no more are held than may be', async () => {
  taken.length = 0;
  const event =
    '<event><string key="concept:name" value="pay"/><string key="lifecycle:transition" ' +
    `value="start"/><date key="time:timestamp" value="${AT}"/></event>`;
  const file = ['<log><trace>', ...times(10_500, event), '</trace></log>'];
  const report = await imported(file, { format: 'xes' });
  expect(report).toMatchObject({ done: true, records: 10_000, skipped: 500 });
  expect(report.reasons).toMatchObject([{ why: 'too many events have begun and not ended' }]);
});

const spanOf = (index: number, over: object = {}): object => ({
  ...{ traceId: `${index}`.padStart(32, 'a'), spanId: 'b2'.repeat(8), name: `n${index}` },
  ...{ startTimeUnixNano: '1', endTimeUnixNano: '2', ...over },
});
const requestOf = (...spans: object[]): string =>
  JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });

test('a place to go on from is told of a file, and of no compressed one', async () => {
  const lines = `${requestOf(spanOf(1))}\n${requestOf(spanOf(2))}\n`;
  const plain = await imported([lines], { format: 'otlp' });
  expect(plain).toMatchObject({ done: true, records: 2, committedBytes: lines.length - 1 });
  const zipped = await imported([gzipSync(lines)], { format: 'otlp' });
  expect(zipped).toMatchObject({ done: true, records: 2, committedBytes: null });
});

test.each(['', '\n', ' \r\n\t'])(
  'nothing but %j after what was committed is done',
  async (rest) => {
    for (const format of ['', 'otlp', 'zipkin'])
      expect(await imported([rest], { format })).toMatchObject({ done: true, format, records: 0 });
    expect(await problem([`${rest}{"a":1}`], 'otlp')).toMatch(/^import.malformed nothing/);
  },
);

test('every refused record of OTLP is counted', async () => {
  const wrong = { spanId: '' };
  const line = requestOf(spanOf(1), spanOf(2, wrong), spanOf(3, wrong), spanOf(4, wrong));
  const report = await imported([`${line}\n${line}\n`], { format: 'otlp' });
  expect(report).toMatchObject({ done: true, records: 2, skipped: 6 });
  expect(report.reasons).toMatchObject([{ count: 6 }]);
});

test('a million tasks of one record are passed on a few at a time', async () => {
  taken.length = 0;
  const task = { taskType: 'SIMPLE', taskDefName: 'pay', startTime: 1, endTime: 2 };
  const execution = (id: string, tasks: number): string =>
    `${JSON.stringify({
      ...{ workflowId: id, workflowName: 'order', status: 'COMPLETED', startTime: 1, endTime: 2 },
      tasks: Array.from({ length: tasks }, () => task),
    })}\n`;
  const file = execution('x'.repeat(100_000), 20_000) + execution('small', 1);
  const report = await imported([file], { format: 'conductor' });
  expect(report).toMatchObject({ done: true, records: 20_003, committedBytes: file.length - 1 });
  expect(taken.length).toBeGreaterThanOrEqual(4);
  for (const { spans } of taken) expect(spans.length).toBeLessThan(6000);
  // The name of the flow is in every span, and is hashed with the id of each.
  const longest = Math.max(
    ...taken.flatMap(({ spans }) =>
      spans.flatMap(({ attributes }) =>
        attributes.map((one) => (typeof one === 'string' ? one.length : 0)),
      ),
    ),
  );
  expect(longest).toBe(256);
});

test('what is committed of a record that is not whole is no place to go on from', async () => {
  taken.length = 0;
  const whole = { traceID: 'a', spans: [{ spanID: '1', operationName: 'n', startTime: 1e15 }] };
  const spans = Array.from({ length: 12_000 }, (_, i) => ({ spanID: `${i}`, startTime: 1e15 }));
  const first = `[${JSON.stringify(whole)}]\n`;
  const many = JSON.stringify({ traceID: 'b', spans });
  const report = await imported([first, `[${many}`], { format: 'jaeger' });
  expect(report).toMatchObject({ done: false, records: 12_001, committedBytes: null });
});

test('times that are none, negative or beyond all clocks stop nothing', async () => {
  const absurd = ['1e305', '-1e305', 'NaN', 'Infinity', '', '-5', '1e9'];
  const ocel = {
    objects: [{ id: 'o1', type: 'order' }],
    events: absurd.map((value, i) => ({
      ...{ id: `e${i}`, type: 'pay', time: AT, attributes: [{ name: 'workMs', value }] },
      relationships: [{ objectId: 'o1', qualifier: 'flow' }],
    })),
  };
  expect(await importedJson('ocel', ocel)).toMatchObject({ done: true, records: absurd.length });
  for (const { start, end } of taken.flatMap((request) => request.spans))
    expect(start >= 0n && start <= end && end < 2n ** 63n).toBe(true);
  const times = [...absurd, -1, 1e308, 2 ** 53, 0, '9'.repeat(400), '-0001-01-01T00:00:00Z', AT];
  for (const [format, record] of [
    ['zipkin', (at: unknown) => ({ traceId: 'a', id: 'b', timestamp: at, duration: at })],
    [
      'jaeger',
      (at: unknown) => [{ traceID: 'a', spans: [{ spanID: 'b', startTime: at, duration: at }] }],
    ],
    [
      'conductor',
      (at: unknown) => ({
        ...{ workflowId: 'w', status: 'COMPLETED', startTime: at, endTime: at },
        tasks: [{ status: 'COMPLETED', startTime: at, scheduledTime: at, endTime: at }],
      }),
    ],
    [
      'step-functions',
      (at: unknown) => ({ events: [{ id: 1, previousEventId: 0, type: 'x', timestamp: at }] }),
    ],
    [
      'temporal',
      (at: unknown) => [{ ...{ eventType: 'WorkflowExecutionStarted', eventTime: at } }],
    ],
  ] as [string, (at: unknown) => unknown][]) {
    taken.length = 0;
    const lines = times.map((at) => JSON.stringify(record(at))).join('\n');
    expect(await imported([lines], { format }), format).toMatchObject({ done: true });
    for (const { start, end } of taken.flatMap((request) => request.spans))
      expect(start >= 0n && end >= 0n && end < 2n ** 63n, format).toBe(true);
  }
});

test('one event of XML that does not end is refused', async () => {
  const attribute = `<attribute name="a">${'x'.repeat(1 << 18)}</attribute>`;
  const event = '<log><events><event id="e" type="t" time="2026-01-01"><attributes>';
  expect(await problem([event, ...times(140, attribute)], 'ocel-xml')).toMatch(
    /^import.too-large one object or event is larger than 32 MiB/,
  );
});

test('others have their turn while a record of many parts is read', async () => {
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const parts = `null,`.repeat(20_000);
  const file = `{"workflowId":"w","tasks":[${parts}null]}`;
  const report = await imported([file], { format: 'conductor' });
  isOver = true;
  expect(report).toMatchObject({ done: true, skipped: 20_001 });
  expect(turns).toBeGreaterThanOrEqual(20);
});
