import type { RawSpan } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { eventsOf, spanTree } from './span-tree.ts';

const span = (
  spanId: string,
  parentSpanId: string,
  from: number,
  to: number,
  more: object = {},
): RawSpan =>
  ({
    spanId,
    parentSpanId,
    name: spanId,
    kind: 'internal',
    startUnixNano: `${1000 + from}000000`,
    endUnixNano: `${1000 + to}000000`,
    attributes: {},
    events: [],
    ...more,
  }) as unknown as RawSpan;
const spans = [
  span('root', 'elsewhere', 0, 100),
  span('late', 'root', 60, 90),
  span('early', 'root', 10, 50),
  span('overlaps', 'root', 40, 70),
  span('leaf', 'early', 10, 30),
  span('other', '', 0, 5),
];

test('children stand below their parents, and time of their own is what no child covers', () => {
  const rows = spanTree(spans, ['root', 'late', 'early', 'overlaps', 'leaf']);
  expect(rows.map(({ span: { spanId }, depth, selfMs }) => [spanId, depth, selfMs])).toEqual([
    ['root', 0, 20],
    ['early', 1, 20],
    ['leaf', 2, 20],
    ['overlaps', 1, 30],
    ['late', 1, 30],
  ]);
  expect(rows[1]).toMatchObject({ x: 0.1, width: 0.4 });
  expect(spanTree(spans, ['nothing'])).toEqual([]);
});

test('events of spans and log records are one list in order of time', () => {
  const events = [
    { name: 'exception', timeUnixNano: '1007000000', attributes: { 'exception.message': 'no' } },
  ];
  const log = span('l', 'a', 3, 3, { kind: 'log event', name: 'said', statusMessage: 'hello' });
  const all = [span('a', '', 0, 9, { events }), log, span('b', '', 0, 1)];
  expect(
    eventsOf(all, ['a'], '1000000000').map(({ name, text, atMs }) => [name, text, atMs]),
  ).toEqual([
    ['said', 'hello', 3],
    ['exception', 'no', 7],
  ]);
});
