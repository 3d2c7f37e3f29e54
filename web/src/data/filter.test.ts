import type { FlowSummary, FlowTypeSummary } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { matcher, problemOf, readFilter, toQuery, unknownOf } from './filter.ts';

const NOW = 1_700_000_000_000;
const filter = (query: string): ReturnType<typeof readFilter> =>
  readFilter(new URLSearchParams(query));

test('time alone takes a flow out of a range', () => {
  const flow = {
    startedAtUnixNano: `${NOW}000000`,
    services: [],
    findings: [],
  } as unknown as FlowSummary;
  expect(matcher(filter('range=15m'), NOW + 900_000)(flow)).toBe(true);
  expect(matcher(filter('range=15m'), NOW + 900_001)(flow)).toBe(false);
  expect(matcher(filter(''), NOW + 1e12)(flow)).toBe(true);
});

test('a range that there is not is said, whatever it is called', () => {
  expect(problemOf(filter(''))).toBeNull();
  expect(problemOf(filter('range=1h'))).toBeNull();
  for (const name of ['soon', 'constructor']) {
    expect(problemOf(filter(`range=${name}`))?.detail).toContain(`range: "${name}" is no time`);
    expect(toQuery(filter(`range=${name}`), NOW, 1).has('from')).toBe(false);
  }
});

test('a type or service that there is not is told from one that has no such flow', () => {
  const types = [
    { type: 'order', services: ['shop', 'ship'] },
    { type: 'order', services: ['shop'] },
  ] as FlowTypeSummary[];
  expect(unknownOf(filter('type=order&service=ship'), types)).toBeNull();
  expect(unknownOf(filter('type=oder'), types)).toEqual({
    what: 'type',
    value: 'oder',
    there: ['order'],
  });
  expect(unknownOf(filter('service=chip'), types)?.there).toEqual(['ship', 'shop']);
});
