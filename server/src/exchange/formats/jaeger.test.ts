import { expect, test } from 'vitest';
import { itemsOfTrace } from './jaeger.ts';

/**
 * Converts a trace of `count` valid spans and as many invalid ones. Counts how often their
 * properties are read.
 */
function workFor(count: number): { looks: number; records: number; skipped: number } {
  let looks = 0;
  const tags = Array.from({ length: 100 }, (_, i) => ({ key: `tag ${i}`, value: 'x' }));
  const process = {
    serviceName: 'shop',
    get tags() {
      looks += tags.length;
      return tags;
    },
  };
  const span = (id: number): object => ({
    get spanID() {
      looks++;
      return id % 2 === 0 ? `span ${id}` : '';
    },
    ...{ operationName: 'n', startTime: 1e15, processID: 'p1' },
  });
  const spans = Array.from({ length: 2 * count }, (_, i) => span(i));
  const items = [...itemsOfTrace({ traceID: 'a', spans, processes: { p1: process } })];
  const records = items.map((item) => (item.kind === 'spans' ? item.request.spans.length : 0));
  const skipped = items.filter(({ kind }) => kind === 'skipped').length;
  return { looks, records: records.reduce((a, b) => a + b, 0), skipped };
}

test('the work grows as the spans do, and what processes say is read once', () => {
  const small = workFor(500);
  const large = workFor(1000);
  expect(large).toMatchObject({ records: 1000, skipped: 1000 });
  expect(large.looks - 100).toBe(2 * (small.looks - 100));
  expect(large.looks).toBeLessThan(20_000);
});

test('the spans of a process share what it says of itself, however many parts they come in', () => {
  const spans = Array.from({ length: 2500 }, (_, i) => ({
    ...{ spanID: `span ${i}`, operationName: 'n', startTime: 1e15, processID: 'p1' },
  }));
  const process = { serviceName: 'shop', tags: [{ key: 'host.name', value: 'h' }] };
  const items = [...itemsOfTrace({ traceID: 'a', spans, processes: { p1: process } }, 7)];
  expect(
    items.map((item) => item.kind === 'spans' && [item.request.spans.length, item.end]),
  ).toEqual([
    [1000, undefined],
    [1000, undefined],
    [500, 7],
  ]);
  const resources = items.flatMap((item) =>
    item.kind === 'spans' ? item.request.spans.map(({ resource }) => resource) : [],
  );
  expect(new Set(resources).size).toBe(1);
});
