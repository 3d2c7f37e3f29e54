import { describe, expect, test } from 'vitest';
import {
  comparable,
  comparedFilter,
  comparisonParameters,
  comparisonProblem,
  comparisonText,
  flowsAddress,
  isCompared,
  lensName,
  lensQuery,
  readComparison,
} from './compare.ts';
import { readFilter } from './filter.ts';

const NOW = Date.UTC(2026, 5, 10, 12);
const read = (text: string) => {
  const query = new URLSearchParams(text);
  return { filter: readFilter(query), comparison: readComparison(query) };
};
const parameters = (text: string): Record<string, string> => {
  const { filter, comparison } = read(text);
  return comparisonParameters(filter, comparison, NOW);
};

describe('what an address compares with', () => {
  test('nothing, unless it says so', () => {
    expect(isCompared(read('range=1h').comparison)).toBe(false);
    expect(parameters('range=1h')).toEqual({});
    expect(isCompared(read('compare=tomorrow').comparison)).toBe(false);
  });

  test('the time before is as long and ends where the time begins', () => {
    expect(parameters('range=1h&compare=before')).toEqual({
      'against.from': '2026-06-10T10:00:00.000Z',
      'against.to': '2026-06-10T11:00:00.000Z',
    });
  });

  test.each([
    ['yesterday', '2026-06-09T11:00:00.000Z', '2026-06-09T12:00:00.000Z'],
    ['lastweek', '2026-06-03T11:00:00.000Z', '2026-06-03T12:00:00.000Z'],
  ])('%s has the same time of day', (compare, from, to) => {
    expect(parameters(`range=1h&compare=${compare}`)).toEqual({
      'against.from': from,
      'against.to': to,
    });
  });

  test('an absolute time is shifted, too', () => {
    const time = 'from=2026-06-01T00:00:00Z&to=2026-06-02T00:00:00Z';
    expect(parameters(`${time}&compare=before`)).toEqual({
      'against.from': '2026-05-31T00:00:00.000Z',
      'against.to': '2026-06-01T00:00:00.000Z',
    });
  });

  test('another query, alone or at another time', () => {
    expect(parameters('against=status:completed')).toEqual({ against: 'status:completed' });
    expect(parameters('range=1h&against=a&compare=before')).toMatchObject({
      against: 'a',
      'against.to': '2026-06-10T11:00:00.000Z',
    });
  });

  test('all time has no time before, and says so', () => {
    const { filter, comparison } = read('compare=before');
    expect(comparisonParameters(filter, comparison, NOW)).toEqual({});
    expect(comparisonProblem(filter, comparison, NOW)).toContain('Choose a time range');
    const other = read('against=a');
    expect(comparisonProblem(other.filter, other.comparison, NOW)).toBeNull();
  });
});

test('a lens gets the filter and the comparison; its name does not change as time passes', () => {
  const { filter, comparison } = read('q=a&range=1h&compare=before&tab=map');
  expect(Object.fromEntries(lensQuery(filter, comparison, NOW))).toEqual({
    q: 'a',
    from: '2026-06-10T11:00:00.000Z',
    'against.from': '2026-06-10T10:00:00.000Z',
    'against.to': '2026-06-10T11:00:00.000Z',
  });
  expect(lensName(filter, comparison)).toBe(lensName({ ...filter }, { ...comparison }));
  expect(lensName(filter, comparison)).not.toBe(lensName(filter, read('').comparison));
});

test('there is no comparison with no flows', () => {
  const of = (used: number) => ({ nodes: [], against: { population: { used } } });
  expect(comparable(of(3))).toEqual(of(3));
  expect(comparable(of(0))).toEqual({ nodes: [] });
  const alone: { against?: { population: { used: number } } } = {};
  expect(comparable(alone)).toBe(alone);
});

test('a sentence names what is compared with', () => {
  expect(comparisonText(read('compare=lastweek').comparison)).toBe('last week');
  expect(comparisonText(read('against=a').comparison)).toBe('the other flows');
  expect(comparisonText(read('').comparison)).toBe('');
});

test('a number leads to its flows, with the rest of the filter', () => {
  const { filter } = read('q=a&range=1h&type=order&tab=map');
  expect(flowsAddress(filter, '(a) trait:1')).toBe(
    '/flows?q=%28a%29+trait%3A1&type=order&range=1h',
  );
  expect(flowsAddress(read('').filter, '')).toBe('/flows');
});

test('the flows that are compared with have a filter of their own', () => {
  const { filter, comparison } = read('q=a&range=1h&compare=before');
  expect(comparedFilter(filter, comparison, NOW)).toMatchObject({
    ...{ q: 'a', range: '' },
    from: '2026-06-10T10:00:00.000Z',
    to: '2026-06-10T11:00:00.000Z',
  });
  const other = read('q=a&range=1h&against=b');
  expect(comparedFilter(other.filter, other.comparison, NOW)).toMatchObject({
    ...{ q: 'b', range: '1h' },
  });
});
