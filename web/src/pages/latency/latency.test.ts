import { describe, expect, test } from 'vitest';
import type { LatencyAnswer, LatencySegment, WhatIf } from '@fermata/server/contract';
import { readFilter } from '../../data/filter.ts';
import { barsOf, legendOf, segmentColumns, segmentRows } from './bars.ts';
import { headlineOf, partName, whatIfText } from './words.ts';

const times = (p95: number) => ({ p50: 1900, p90: 8400, p95, p99: 31_000, max: 40_000, count: 9 });
const segment = (over: Partial<LatencySegment>): LatencySegment => ({
  ...{ id: 'a', kind: 'processing', step: 'book carrier', service: 'shipping', message: '' },
  ...{ shareAtP50: 0.5, shareAtP90: 0.5, shareAtP99: 0.5, ms: times(100), meanMs: 50, flows: 9 },
  ...{ exampleFlowIds: [], q: 'trait:a' },
  ...over,
});
const wait = segment({
  ...{ id: 'b', kind: 'queue-wait', message: 'OrderPlaced', step: 'authorise payment' },
  ...{ shareAtP50: 0.02, shareAtP90: 0.41, shareAtP99: 0, meanMs: 900, q: 'trait:b' },
});
const answer = (over: Partial<LatencyAnswer> = {}): LatencyAnswer => ({
  population: { total: 9, used: 9, open: 0, sampled: false, from: null, to: null },
  ...{
    asOf: '',
    durationMs: times(14_200),
    chain: [segment({ shareAtP90: 0.2 }), wait],
    kinds: [],
  },
  heatmap: { times: [], boundsMs: [], counts: [], exemplars: [] },
  ...{ between: null, whatIf: null },
  ...over,
});

describe('the headline', () => {
  test('is p95 and what takes most of it', () => {
    expect(headlineOf(answer(), '')).toEqual({
      lead: 'p95 is 14.2 s.',
      cause: 'OrderPlaced waiting for authorise payment takes 41 % of the time at p90 (8.40 s).',
      ...{ kind: 'queue-wait', changes: '' },
    });
  });

  test('with a comparison is p95 of both and what grew', () => {
    const changed = [
      { ...wait, meanMs: 900, againstMeanMs: 100 },
      { ...segment({}), meanMs: 50, againstMeanMs: 50.1 },
    ];
    const against = answer({ durationMs: times(6100) });
    const { lead, cause, changes } = headlineOf(answer({ against, changed }), 'yesterday');
    expect(lead).toBe('p95 is 14.2 s, yesterday 6.10 s.');
    expect(cause).toBe('OrderPlaced waiting for authorise payment takes 800 ms more on average.');
    expect(changes).toBe(
      'On average, compared with yesterday: OrderPlaced waiting for authorise payment +800 ms.',
    );
  });

  test('says so if nothing changed, or if there is nothing', () => {
    const none = { ...answer().population, total: 0, used: 0 };
    expect(headlineOf(answer({ against: answer(), changed: [] }), 'yesterday').changes).toContain(
      'nothing takes longer',
    );
    const changed = [{ ...wait, meanMs: 900, againstMeanMs: 0 }];
    const alone = headlineOf(
      answer({ against: answer({ population: none }), changed }),
      'yesterday',
    );
    expect(alone.lead).toBe('p95 is 14.2 s.');
    expect(alone.cause).toContain('41 % of the time');
    expect(alone.changes).toBe('There are no flows to compare with.');
    expect(headlineOf(answer({ population: none }), '').lead).toBe('No flow matches.');
  });
});

test.each([
  ['processing', 'pay'],
  ['queue-wait', 'Placed waiting for pay'],
  ['intended-delay', 'Placed, delayed on purpose'],
  ['retry-backoff', 'pay, retry back-off'],
  ['sync-call', 'call of pay'],
  ['orchestrator', 'pay, orchestrator'],
  ['unknown', 'pay, unknown cause'],
] as const)('%s is named in words', (kind, name) => {
  expect(partName({ kind, step: 'pay', service: 's', message: 'Placed' })).toBe(name);
});

test('bars are full, in order, and leave out what takes no time', () => {
  const [p50, p90, p99] = barsOf(answer());
  expect(p50!.parts.map((part) => [part.segment.id, part.text])).toEqual([
    ['a', '96 %'],
    ['b', ''],
  ]);
  expect(p90!.parts.reduce((sum, part) => sum + part.share, 0)).toBeCloseTo(1);
  expect(p99!.parts.map((part) => part.segment.id)).toEqual(['a']);
  expect(p99!.ms).toBe(31_000);
  expect(legendOf(answer().chain)).toEqual(['processing', 'queue-wait']);
});

test('parts are rows, those that take or changed most first', () => {
  const filter = readFilter(new URLSearchParams('range=1h'));
  const alone = segmentRows(answer(), filter);
  expect(alone.map(({ id }) => id)).toEqual(['b', 'a']);
  expect(alone[0]!.cells).toHaveLength(segmentColumns(false).length);
  expect(alone[0]!.cells[2]!.href).toBe('/flows?q=trait%3Ab&range=1h');
  const before = answer({ chain: [segment({ meanMs: 5000 }), wait] });
  const compared = segmentRows(answer({ against: before }), filter);
  expect(compared.map(({ id }) => id)).toEqual(['a', 'b']);
  expect(compared[0]!.cells).toHaveLength(segmentColumns(true).length);
  expect(compared.map(({ cells }) => cells.at(-1)!.text)).toEqual(['−4.95 s', '—']);
});

test('what would be is told in words', () => {
  const whatIf: WhatIf = {
    ...{ segment: 'b', flows: 100, shorter: 83 },
    ...{ beforeMs: times(14_200), afterMs: times(11_500) },
  };
  expect(whatIfText('pay', whatIf)).toContain('p95 would be 11.5 s instead of 14.2 s');
  expect(whatIfText('pay', whatIf)).toContain('83 of 100 flows would be shorter');
  expect(whatIfText('pay', { ...whatIf, shorter: 0 })).toContain('none of 100 flows');
});
