import { expect, test } from 'vitest';
import { aSpan } from '../../testing/builders.ts';
import { canonical, createBench } from '../../testing/correlator-harness.ts';

test('where a late span closes a ring of parents, whoever is cut off is asked anew what caused it', () => {
  const sent = aSpan({ trace: 'a1', id: '1', role: 'send', message: 'm' });
  const taken = aSpan({
    trace: 'b1',
    id: '5',
    parent: '7',
    role: 'process',
    flow: 'f',
    message: 'm',
    at: 20,
  });
  const closing = aSpan({ trace: 'b1', id: '7', parent: '5', role: 'send', at: 25 });
  const atOnce = createBench();
  atOnce.take([closing, sent, taken]);
  const oneByOne = createBench();
  oneByOne.take([sent, taken]);
  oneByOne.take([closing]);
  expect(canonical(oneByOne.flows())).toEqual(canonical(atOnce.flows()));
  expect(atOnce.flows().size).toBe(1);
});
