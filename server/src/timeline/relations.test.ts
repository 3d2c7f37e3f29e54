import { expect, test } from 'vitest';
import { flowsOf } from '../testing/correlator-harness.ts';

test('a link to a span of the flow itself is no relation, one to another trace is', () => {
  const [flow] = flowsOf(
    { trace: 'a1', id: '1', role: 'server' },
    { trace: 'a1', id: '2', parent: '1', role: 'create', at: 1 },
    { trace: 'a1', id: '3', parent: '1', role: 'client', at: 2, links: ['a1/2', 'f1/8'] },
  );
  expect(flow!.relations.map(({ kind, viaSpanId, target }) => [kind, viaSpanId, target])).toEqual([
    ['link', expect.stringContaining('3'), expect.stringContaining('8')],
  ]);
});
