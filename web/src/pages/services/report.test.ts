import type { CoordinationReport } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { basisOf, partsOf, reportHeadline, unheardOf } from './report.ts';

const report = (more: Partial<CoordinationReport>): CoordinationReport => ({
  ...{ type: 'order', flows: 94, verdict: 'choreographed', styles: [], hops: 282 },
  shares: { event: 0.75, command: 0.25, reply: 0, call: 0 },
  ...{ conductor: null, coupling: 0, knows: [], listeners: [], failureAudience: [] },
  ...{ blocked: [], ifStops: [], decisions: [], advice: [] },
  ...more,
});

test('verdicts are counted, and failures that are not heard', () => {
  const failureAudience = [{ failure: 'CardFailed', mustHear: ['a', 'b'], hear: ['a'] }];
  const all = [report({}), report({ verdict: 'orchestrated', failureAudience }), report({})];
  expect(reportHeadline(all)).toBe(
    '3 flow types: 1 orchestrated, 2 choreographed. 1 failure not heard by all who must hear of it.',
  );
  expect(unheardOf(all[1]!)).toEqual([{ failure: 'CardFailed', missing: ['b'] }]);
});

test('what a verdict rests on', () => {
  expect(partsOf(report({})).map(({ name }) => name)).toEqual(['events', 'commands']);
  expect(basisOf(report({}))).toBe('282 hops between services in 94 flows; no service conducts');
  expect(basisOf(report({ conductor: 'boss', coupling: 1 }))).toContain(
    'boss conducts and has to know 1 service',
  );
});
