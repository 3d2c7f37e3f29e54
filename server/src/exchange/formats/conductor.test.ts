import { expect, test } from 'vitest';
import { decodeFileJson } from '../../receive/index.ts';
import type { OtlpSpan } from '../../model/otlp.ts';
import type { Item } from '../format.ts';
import { readConductor } from './conductor.ts';

/** Returns an execution as Conductor answers `GET /api/workflow/{id}`. */
const execution = (over: object = {}): object => ({
  ...{ workflowId: 'w1', workflowName: 'order', status: 'FAILED', correlationId: 'c-7' },
  ...{
    startTime: 1_700_000_000_000,
    endTime: 1_700_000_009_000,
    reasonForIncompletion: 'no stock',
  },
  tasks: [
    {
      ...{ taskId: 't1', taskType: 'SIMPLE', taskDefName: 'reserve', status: 'COMPLETED' },
      ...{
        scheduledTime: 1_700_000_000_100,
        startTime: 1_700_000_000_200,
        endTime: 1_700_000_000_900,
      },
    },
    {
      ...{ taskId: 't2', taskType: 'HTTP', taskDefName: 'charge', status: 'FAILED', retryCount: 1 },
      ...{ startTime: 1_700_000_001_000, endTime: 1_700_000_002_000, reasonForIncompletion: '402' },
    },
    {
      taskId: 't3',
      taskType: 'WAIT',
      referenceTaskName: 'pause',
      status: 'IN_PROGRESS',
      startTime: 1,
    },
  ],
  ...over,
});

async function read(file: unknown): Promise<Item[]> {
  const chunks = async function* (): AsyncIterable<Uint8Array> {
    yield await Promise.resolve(Buffer.from(JSON.stringify(file)));
  };
  const options = { flowType: '', caseType: '', columns: {}, decode: decodeFileJson };
  const items: Item[] = [];
  for await (const item of readConductor(chunks(), options)) items.push(item);
  return items;
}

test('an execution is a flow, its tasks are steps, and what runs has no end', async () => {
  const [item] = await read([execution()]);
  const { spans, logs } = (item as Extract<Item, { kind: 'spans' }>).request;
  expect(spans.map(({ name, statusMessage }) => [name, statusMessage])).toEqual([
    ['order', 'no stock'],
    ['reserve', ''],
    ['charge', '402'],
  ]);
  const [whole, , charge] = spans.map(({ attributes }) => attributes);
  expect(whole).toEqual(expect.arrayContaining(['w1', 'order', 'failed', 'c-7']));
  expect(charge).toEqual(expect.arrayContaining(['fermata.step.attempt', 2]));
  expect(spans[1]!.parentSpanId).toBe(spans[0]!.spanId);
  expect(spans[1]!.end - spans[1]!.start).toBe(700_000_000n);
  expect(logs.map(({ attributes }) => attributes)).toEqual([
    expect.arrayContaining(['pause', 'fermata.step.kind', 'timer']),
  ]);
});

const T = 1_700_000_000_000;
const taskOf = (over: object): object => ({
  ...{ taskType: 'SIMPLE', taskDefName: 'pay', status: 'COMPLETED' },
  ...{ scheduledTime: T, startTime: T + 1, endTime: T + 5, ...over },
});
async function spansOf(...tasks: object[]): Promise<OtlpSpan[]> {
  const [item] = await read([execution({ correlationId: null, parentWorkflowId: '', tasks })]);
  return (item as Extract<Item, { kind: 'spans' }>).request.spans;
}
const serviceOf = ({ resource }: OtlpSpan): unknown => resource.attributes[1];

test('what Conductor does itself is no work of a worker, and has the name of the reference', async () => {
  const [whole, ...steps] = await spansOf(
    taskOf({ taskType: 'pay', referenceTaskName: 'first payment' }),
    taskOf({ taskType: 'SWITCH', taskDefName: 'SWITCH', referenceTaskName: 'is_odd__3' }),
    taskOf({ taskType: 'HTTP', taskDefName: 'ask', referenceTaskName: 'ask_1' }),
    taskOf({ taskType: 'JOIN', taskDefName: null, referenceTaskName: null }),
  );
  expect(steps.map((span) => [span.name, serviceOf(span)])).toEqual([
    ['pay', 'pay worker'],
    ['is_odd', 'system task worker'],
    ['ask', 'system task worker'],
    ['JOIN', 'system task worker'],
  ]);
  // What is null or empty is no key.
  expect(whole!.attributes.filter((one) => one === null || one === '')).toEqual([]);
  expect(whole!.attributes).not.toContain('fermata.flow.key.parent');
});

test('what takes no time ends when it ended, though its start is noted later', async () => {
  const [, decision, fork] = await spansOf(
    taskOf({ taskType: 'DECISION', startTime: T + 13, endTime: T + 5 }),
    taskOf({ taskType: 'FORK', startTime: 0, scheduledTime: T + 43, endTime: T }),
  );
  const at = (ms: number): bigint => BigInt(T + ms) * 1_000_000n;
  expect([decision!.start, decision!.end]).toEqual([at(5), at(5)]);
  expect([fork!.start, fork!.end]).toEqual([at(0), at(0)]);
});

test('what joins branches fails because one of them did, else by itself', async () => {
  const failed = { status: 'FAILED', reasonForIncompletion: 'refused' };
  const join = taskOf({ taskType: 'JOIN', ...failed });
  const errors = async (...tasks: object[]): Promise<string[]> =>
    (await spansOf(...tasks)).slice(1).map(({ statusMessage }) => statusMessage);
  expect(await errors(taskOf(failed), taskOf({}), join)).toEqual(['refused', '', '']);
  expect(await errors(taskOf({}), join)).toEqual(['', 'refused']);
  const ofWhole = async (reason: string): Promise<string> =>
    (await spansOf(taskOf({ ...failed, reasonForIncompletion: reason })))[0]!.statusMessage;
  expect([await ofWhole('no stock'), await ofWhole('refused')]).toEqual(['', 'no stock']);
});

test('a definition is no execution', async () => {
  const why = (await read([{ name: 'order', tasks: [] }, { a: 1 }])).map((item) =>
    item.kind === 'skipped' ? item.why : item.kind,
  );
  expect(why).toEqual([
    'it is a definition: post it to /api/v1/definitions',
    'it is no execution: it has no workflowId or no tasks',
  ]);
});
