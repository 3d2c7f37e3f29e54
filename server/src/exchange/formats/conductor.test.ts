import { expect, test } from 'vitest';
import { decodeFileJson } from '../../receive/index.ts';
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

test('a definition is no execution', async () => {
  const why = (await read([{ name: 'order', tasks: [] }, { a: 1 }])).map((item) =>
    item.kind === 'skipped' ? item.why : item.kind,
  );
  expect(why).toEqual([
    'it is a definition: post it to /api/v1/definitions',
    'it is no execution: it has no workflowId or no tasks',
  ]);
});
