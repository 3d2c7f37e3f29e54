import { expect, test } from 'vitest';
import { LIMITS } from '../model/otlp.ts';
import { decodeFileJson } from '../receive/index.ts';
import type { Item } from './format.ts';
import { FORMATS } from './formats/index.ts';
import { GROUP_WEIGHT, weightOfRequest } from './weight.ts';

const AT = '2026-01-01T00:00:00Z';
const LONG = 'x'.repeat(500_000);
const OPTIONS = { flowType: '', caseType: '', columns: {}, decode: decodeFileJson };

/**
 * Reads a file. Returns the items with spans, how many parts of the file had been read when the
 * first of them came, and the reasons for skipping.
 */
async function read(
  format: 'csv' | 'xes' | 'ocel' | 'ocel-xml' | 'zipkin',
  parts: Iterable<string>,
): Promise<{ items: Extract<Item, { kind: 'spans' }>[]; firstAt: number; why: Set<string> }> {
  let pieces = 0;
  let firstAt = 0;
  const chunks = async function* (): AsyncIterable<Uint8Array> {
    await Promise.resolve();
    for (const part of parts) {
      pieces++;
      yield Buffer.from(part);
    }
  };
  const items: Extract<Item, { kind: 'spans' }>[] = [];
  const why = new Set<string>();
  for await (const item of FORMATS[format].read!(chunks(), OPTIONS)) {
    if (item.kind === 'skipped') why.add(item.why);
    else {
      if (items.length === 0) firstAt = pieces;
      items.push(item);
    }
  }
  return { items, firstAt, why };
}
function* rows(
  count: number,
  row: (i: number) => string,
  before = '',
  after = '',
): Iterable<string> {
  yield before;
  for (let i = 0; i < count; i++) yield row(i);
  yield after;
}
const xesEvent = (i: number, value: string, transition = 'complete'): string =>
  `<event><string key="concept:name" value="s${i}"/><string key="note" value="${value}"/>` +
  `<string key="lifecycle:transition" value="${transition}"/>` +
  `<date key="time:timestamp" value="${AT}"/></event>`;

test('long texts of tables are cut with a hash, so that those that differ behind the cut differ', async () => {
  const row = (i: number): string => `o1,${LONG}${i},${AT}\n`;
  const { items } = await read('csv', rows(20, row, 'case,activity,timestamp\n'));
  const names = items.flatMap(({ request }) => request.spans.map(({ name }) => name));
  expect(new Set(names).size).toBe(20);
  for (const name of names) {
    expect(name).toHaveLength(LIMITS.text);
    expect(name).toMatch(/~[0-9a-f]{16}$/);
  }
});

test('a group is passed on when it is large, however few its records are', async () => {
  const text = 'x'.repeat(15_000);
  const keys = Array.from({ length: 30 }, (_, i) => `k${i}=${text}`).join('; ');
  const csv = rows(60, (i) => `o${i},pay,${AT},${keys}\n`, 'case,activity,timestamp,keys\n');
  const values = Array.from({ length: 30 }, (_, i) => `<string key="a${i}" value="${text}"/>`);
  const event = (i: number): string => xesEvent(i, 'x').replace('<date', `${values.join('')}<date`);
  const xes = rows(60, event, '<log><trace>', '</trace></log>');
  const perRecord = 30 * 15_000;
  for (const { items, firstAt } of [await read('csv', csv), await read('xes', xes)]) {
    expect(items.length).toBeGreaterThan(2);
    expect(firstAt).toBeLessThan(30);
    for (const { request } of items)
      expect(weightOfRequest(request)).toBeLessThan(GROUP_WEIGHT + 3 * perRecord);
  }
});

test('spans of many links are passed on when there are enough of these', async () => {
  const event = (i: number): string =>
    xesEvent(i, 'x').replace(
      '<date',
      `<string key="caused by" value="${'a '.repeat(2000)}"/><date`,
    );
  const { items } = await read('xes', rows(50, event, '<log><trace>', '</trace></log>'));
  const links = items.map(({ request }) =>
    request.spans.reduce((sum, span) => sum + span.links.length, 0),
  );
  expect(links.reduce((sum, count) => sum + count, 0)).toBe(50 * LIMITS.links);
  expect(Math.max(...links)).toBeLessThan(10_000);
});

test('events of XES that have begun are bounded by their size', async () => {
  const values = Array.from(
    { length: 100 },
    (_, i) => `<string key="a${i}" value="${'x'.repeat(9000)}"/>`,
  );
  const event = (i: number): string =>
    xesEvent(i, 'x', 'start').replace('<date', `${values.join('')}<date`);
  const { why, items } = await read('xes', rows(45, event, '<log><trace>', '</trace></log>'));
  expect([...why]).toEqual(['too many events have begun and not ended']);
  const begun = items.flatMap(({ request }) => request.logs);
  expect(begun.length).toBeGreaterThan(30);
  expect(begun.length).toBeLessThan(40);
});

test('events of OCEL that are held count, and no longer when they are passed on', async () => {
  const event = (i: number): string =>
    `${i === 0 ? '' : ','}{"id":"e${i}","type":"pay","time":"${AT}","attributes":[{"name":"n",` +
    `"value":"${LONG}"}],"relationships":[{"objectId":"o1","qualifier":"flow"}]}`;
  const object = '{"objects":[{"id":"o1","type":"order"}],"events":[';
  const { items, firstAt } = await read('ocel', rows(400, event, object, ']}'));
  expect(items.reduce((sum, { request }) => sum + request.spans.length, 0)).toBe(400);
  expect(firstAt).toBeGreaterThan(0);
  // Without an object before them, the events are held until the limit is exceeded.
  await expect(read('ocel', rows(400, event, '{"events":[', ']}'))).rejects.toThrow(/can be held/);
});

test('spans of one trace of Zipkin are passed on when they are large', async () => {
  const span = (i: number): string =>
    JSON.stringify({ traceId: 'a', id: `${i}`, timestamp: 1e15, tags: { text: LONG } });
  const { items, firstAt } = await read('zipkin', rows(100, span));
  const sizes = items.map(({ request }) => request.spans.length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(100);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(GROUP_WEIGHT / LONG.length + 1);
  expect(firstAt).toBeLessThan(80);
});
