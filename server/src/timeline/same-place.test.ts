import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aSpan, type SpanSketch } from '../testing/builders.ts';
import { canonical, createBench, flowsOf } from '../testing/correlator-harness.ts';

/** A message whose context is lost: only a key of both services says that it is one order. */
const order = { identities: ['order.id\0' + '42'] };
const place = { system: 'rabbitmq', destination: 'orders' };
const root: SpanSketch = { trace: 'a', id: '1', role: 'server', service: 'shop', ...order };
const send: SpanSketch = {
  ...{ trace: 'a', id: '2', parent: '1', role: 'send', service: 'shop', at: 10, ms: 2 },
  ...place,
};
const taken: SpanSketch = {
  ...{ trace: 'b', id: '3', role: 'process', service: 'stock', at: 50, ...order },
  ...place,
};
const hopsOf = (...spans: SpanSketch[]): string[] => {
  const flows = flowsOf(...spans);
  expect(flows).toHaveLength(1);
  const nameOf = (id: string | null): string =>
    flows[0]!.steps.find((step) => step.id === id)?.service ?? '?';
  return flows[0]!.hops.map(({ from, to, state, waitMs, evidence: [by] }) =>
    [nameOf(from), nameOf(to), state, waitMs, by?.kind].filter((part) => part != null).join(' '),
  );
};
const DELIVERED = ['shop stock delivered 38 identity-key'];

test.each<[string, string[], SpanSketch[]]>([
  ['the only message to its place', DELIVERED, [taken]],
  ['one that says another system is another one', ['shop ? waiting'], [{ ...taken, system: 'x' }]],
  ['one of another place is another one', ['shop ? waiting'], [{ ...taken, destination: 'x' }]],
  ['one that came before it is another one', ['shop ? waiting'], [{ ...taken, at: 5 }]],
  [
    'one of two messages: nobody knows which',
    ['shop ? waiting', 'shop ? waiting'],
    [{ ...send, id: '4', at: 20 }, taken],
  ],
  [
    'one of two deliveries: nobody knows which',
    ['shop ? waiting'],
    [taken, { ...taken, trace: 'c', id: '5', at: 90 }],
  ],
  [
    'a delivery to each of two services',
    [...DELIVERED, 'shop mail delivered 48 identity-key'],
    [taken, { ...taken, trace: 'c', id: '5', at: 60, service: 'mail' }],
  ],
  [
    'one that names an absent sender is of that one',
    ['shop ? waiting'],
    [{ ...taken, links: ['f/9'] }],
  ],
])('a delivery without context took %s', (_what, expected, deliveries) => {
  expect(hopsOf(root, send, ...deliveries).sort()).toEqual(expected.toSorted());
});

test.each<[string, Partial<SpanSketch>, string]>([
  ['an id of the flow', { flow: 'o', type: 't', identities: [] }, 'flow-id'],
  ['a conversation', { conversation: 'c', identities: [] }, 'conversation'],
])('its evidence is what both have: %s', (_what, both, kind) => {
  const sent = { ...send, ...both };
  expect(hopsOf({ ...root, ...both }, sent, { ...taken, ...both })).toEqual([
    `shop stock delivered 38 ${kind}`,
  ]);
});

test('messages with different ids are different messages', () => {
  const named = (message: string, of: SpanSketch): SpanSketch => ({ ...of, message });
  expect(hopsOf(root, named('m', send), named('n', taken))).toEqual(['shop ? waiting']);
  expect(hopsOf(root, named('m', send), taken)).toEqual(DELIVERED);
});

const ends = ['shop', 'stock', 'mail'];
/** Sends and deliveries of one or two orders that only the order's id joins. */
const anyDealings = fc.array(
  fc.record({
    order: fc.constantFrom('1', '1', '2'),
    role: fc.constantFrom<('send' | 'process' | 'receive')[]>('send', 'process', 'receive'),
    service: fc.constantFrom(...ends),
    destination: fc.constantFrom('orders', 'mails'),
    message: fc.constantFrom('', '', 'm'),
    at: fc.nat({ max: 90 }),
  }),
  { minLength: 2, maxLength: 6 },
);
test('no order of arrival, eviction or restart changes what was taken', () => {
  let guessed = 0;
  fc.assert(
    fc.property(anyDealings, (dealings) => {
      const spans = dealings.map(({ order, ...of }, i) =>
        aSpan({ trace: `${i + 1}`, id: `${i + 1}`, flow: order, type: 'order', ms: 2, ...of }),
      );
      const [once, back, restarted] = [createBench(), createBench(), createBench()];
      once.take(spans);
      for (const span of spans.toReversed()) {
        back.take([span]);
        back.rest();
        restarted.take([span]);
        restarted.restart();
      }
      for (const { hops } of once.flows().values())
        guessed += hops.filter((hop) => hop.evidence.some(({ kind }) => kind === 'place')).length;
      for (const bench of [once, back, restarted]) bench.rest();
      const expected = canonical(once.flows());
      expect(canonical(back.flows())).toEqual(expected);
      expect(canonical(restarted.flows())).toEqual(expected);
    }),
    { seed: 42, numRuns: 200 },
  );
  expect(guessed).toBeGreaterThan(20);
});
