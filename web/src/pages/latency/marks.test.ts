import { expect, test } from 'vitest';
import type { TrendAnswer } from '@fermata/server/contract';
import { marksOf, p95Of } from './marks.ts';

const trend = (over: Partial<TrendAnswer>): TrendAnswer =>
  ({ annotations: [], buckets: [], ...over }) as TrendAnswer;

test('deployments and incidents are marks with numbers; ways of flows are not', () => {
  const marks = marksOf(
    trend({
      annotations: [
        { at: 'a', kind: 'variant', text: 'x → y' },
        { at: 'b', kind: 'version', text: 'mailer 2.4.0' },
        { at: 'c', kind: 'incident', text: 'mailer is silent' },
      ],
    }),
  );
  expect(marks).toEqual([
    { number: 1, at: 'b', text: 'First seen: mailer 2.4.0', isBad: false },
    { number: 2, at: 'c', text: 'Incident: mailer is silent', isBad: true },
  ]);
});

test('the line has no point where there are no flows', () => {
  const times = (count: number) => ({ p50: 1, p90: 1, p95: 2, p99: 3, max: 3, count });
  const bucket = (at: string, count: number) => ({
    ...{ at, flows: count, counts: {}, durationMs: times(count) },
  });
  expect(p95Of(trend({ buckets: [bucket('a', 0), bucket('b', 4)] }))).toEqual([
    { at: 'a', ms: null },
    { at: 'b', ms: 2 },
  ]);
});
