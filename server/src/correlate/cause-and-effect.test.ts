import { expect, test } from 'vitest';
import type { SpanSketch } from '../model/testing/builders.ts';
import { flowsOf } from './testing.ts';

test('a flow says what its steps say of its times', () => {
  const call = (clockMs: number): SpanSketch[] => [
    { trace: 'a1', id: '1', role: 'server', service: 'portal', ms: 100 },
    { trace: 'a1', id: '2', parent: '1', role: 'client', service: 'portal', at: 10, ms: 60 },
    { trace: 'a1', id: '3', parent: '2', role: 'server', service: 'login', at: 15 + clockMs, ms: 40 },
  ];
  const [behind] = flowsOf(...call(-800));
  expect([behind!.badges, behind!.hops[0]!.skewed]).toEqual([['clock-skew'], true]);
  expect(behind!.steps.map(({ badges }) => badges)).toEqual([[], ['clock-skew']]);
  const [right] = flowsOf(...call(0));
  expect([right!.badges, right!.hops[0]!.skewed]).toEqual([[], false]);
});
