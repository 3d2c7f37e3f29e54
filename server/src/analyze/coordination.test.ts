import { describe, expect, test } from 'vitest';
import { adviceFor } from './advice.ts';
import { coordinationOf, holdingEdges, type Counted, type EdgeCount } from './coordination.ts';
import { styleFrom, type HopsBetween } from './style.ts';

const hop = (kind: HopsBetween['kind'], sender: string, receiver: string, count = 10) => ({
  ...{ kind, sender, receiver, count },
});

describe('styles', () => {
  test.each<[string, HopsBetween[], string]>([
    ['nobody else', [], 'one service'],
    ['events alone', [hop('event', 'a', 'b'), hop('event', 'b', 'c')], 'choreographed'],
    [
      'one service commands two, and they reply',
      [
        hop('command', 'a', 'b'),
        hop('reply', 'b', 'a'),
        hop('command', 'a', 'c'),
        hop('reply', 'c', 'a'),
      ],
      'orchestrated',
    ],
    ['one service calls two', [hop('call', 'a', 'b'), hop('call', 'a', 'c')], 'orchestrated'],
    ['a chain of calls', [hop('call', 'a', 'b'), hop('call', 'b', 'c')], 'calls only'],
    [
      'a conductor whose work events carry on',
      [hop('command', 'a', 'b'), hop('command', 'a', 'c'), hop('event', 'b', 'd', 20)],
      'hybrid',
    ],
    [
      'events, and an occasional call',
      [hop('event', 'a', 'b', 90), hop('call', 'b', 'c', 10)],
      'choreographed',
    ],
    ['a command to one service', [hop('command', 'a', 'b')], 'hybrid'],
  ])('%s', (_what, hops, style) => expect(styleFrom(hops)).toBe(style));
});

const node = (service: string, step: string, more: object = {}) => ({
  ...{ id: `${service}/${step}`, service, step, count: 100, flows: 100, failed: 0 },
  ...{ compensated: 0, totalMs: 1000, exampleFlowIds: [`of ${step}`] },
  ...more,
});
const edge = (from: string, to: string, kind: string, more: Partial<EdgeCount> = {}) => ({
  ...{ id: `${from}>${to}`, from, to, count: 100, flows: 100, newestMs: 5, firstAt: 1 },
  message: { kind, type: `${kind} of ${from}`, system: 'x', destination: 'q' },
  ...{ sync: kind === 'call', exampleFlowIds: ['f'] },
  lagMs: { p50: 5, p90: 6, p95: 7, p99: 8, max: 9, count: 100 },
  ...more,
});
const counted = (more: Partial<Counted>): Counted => ({
  ...{ type: 'order', flows: 100, nodes: [], edges: [], blocked: [], audiences: [], services: [] },
  styles: [],
  ...more,
});
const adviceOf = (more: Partial<Counted>): string[] => {
  const all = counted(more);
  return adviceFor(coordinationOf(all), all).map(({ text }) => text);
};

test('who listens is told by service, with the lag of most of its messages', () => {
  const { listeners, knows, coupling } = coordinationOf(
    counted({
      nodes: [node('shop', 'place'), node('mail', 'send'), node('mail', 'note')],
      edges: [
        edge('shop/place', 'mail/send', 'event', { firstAt: 7 }),
        edge('shop/place', 'mail/note', 'event', {
          ...{ firstAt: 3, newestMs: 99 },
          lagMs: { p50: 50, p90: 60, p95: 70, p99: 80, max: 90, count: 200 },
        }),
        edge('shop/place', 'end', 'event'),
      ],
    }),
  );
  expect(listeners).toMatchObject([
    { message: 'event of shop/place', from: 'shop', service: 'mail', firstAt: 3, nowMs: 99 },
  ]);
  expect([knows, coupling]).toEqual([[], 0]);
});

test('others wait for who sends them something and for who answers them, and for nobody else', () => {
  const services: Record<string, string> = {
    a: 'shop',
    b: 'bank',
    c: 'mail',
    d: 'shop',
    e: 'desk',
  };
  const edgeOf = (id: bigint, from: string, to: string, more: object = {}) => ({
    ...{ id, type: 'order', from, to, sync: false, count: 9, flows: 9, deadLettered: 0 },
    ...{ message: null, ...more },
  });
  const heldBy = (edges: ReturnType<typeof edgeOf>[], ...types: string[]) => {
    const { groups, groupOf } = holdingEdges(edges, (name) => services[name]);
    return types.map((type) =>
      Object.fromEntries(
        ['shop', 'bank', 'mail', 'desk'].flatMap((service) => {
          const at = groupOf(type, service);
          return at < 0 ? [] : [[service, groups[at]]];
        }),
      ),
    );
  };
  const usual = [
    edgeOf(1n, 'start', 'a'),
    edgeOf(2n, 'a', 'b', { sync: true }),
    edgeOf(3n, 'a', 'c'),
    edgeOf(4n, 'a', 'd'), // Its own next step.
    edgeOf(5n, 'c', 'end'),
  ];
  const kept = { deadLettered: 9 };
  const refund = { type: 'refund', count: 2, flows: 2 };
  const plain = { shop: [2n, 3n], bank: [2n] };
  expect(heldBy([...usual, edgeOf(6n, 'c', 'e', kept)], 'order')).toEqual([plain]);
  // What is given up only sometimes is waited for.
  expect(heldBy([edgeOf(6n, 'c', 'e', { deadLettered: 2 })], 'order')).toEqual([{ mail: [6n] }]);
  // What one type always gives up is waited for in another, whichever of them is the rarer.
  const given = edgeOf(6n, 'c', 'e');
  const mailed = { ...plain, mail: [6n] };
  const rare = { ...given, ...refund, deadLettered: 2 };
  for (const edges of [
    [...usual, given, rare],
    [rare, given, ...usual],
  ])
    expect(heldBy(edges, 'order', 'refund')).toEqual([mailed, plain]);
  expect(
    heldBy([...usual, { ...given, ...kept }, { ...given, ...refund }], 'order', 'refund'),
  ).toEqual([plain, mailed]);
  // Types of which nothing differs are counted by the same group.
  const same = [...usual, ...usual.map((edge) => ({ ...edge, ...refund }))];
  expect(holdingEdges(same, (name) => services[name]).groups).toHaveLength(2);
});

test('what is held comes before what only misses steps', () => {
  const { ifStops } = coordinationOf(
    counted({
      services: [
        { service: 'points', flows: 100, held: 0 },
        { service: 'bank', flows: 40, held: 40 },
        { service: 'shop', flows: 100, held: 97 },
      ],
    }),
  );
  expect(ifStops).toEqual([
    { service: 'shop', flowsShare: 1, heldShare: 0.97 },
    { service: 'bank', flowsShare: 0.4, heldShare: 0.4 },
    { service: 'points', flowsShare: 1, heldShare: 0 },
  ]);
});

test('a long chain of calls is told with how long it blocks; a short one is not', () => {
  const of = (depth: number): string[] =>
    adviceOf({
      nodes: [node('a', 'ask')],
      blocked: [{ node: 'a/ask', flows: 100, totalMs: 900, depth }],
    });
  expect(of(3)).toEqual([expect.stringContaining('a waits 9 ms (90 % of ask) at the top of')]);
  expect(of(2)).toEqual([]);
});

test('who did something and does not hear of a failure is named', () => {
  const audiences: Counted['audiences'] = [
    { failure: 'CardFailed', service: 'customer', role: 'must' },
    { failure: 'CardFailed', service: 'letters', role: 'must' },
    { failure: 'CardFailed', service: 'customer', role: 'hears' },
  ];
  const report = coordinationOf(counted({ audiences }));
  expect(report.failureAudience).toEqual([
    { failure: 'CardFailed', mustHear: ['customer', 'letters'], hear: ['customer'] },
  ]);
  expect(adviceOf({ audiences })).toEqual([
    'letters did something before CardFailed and does not hear of it.',
  ]);
});

test('a conductor without failures is asked what for, once enough flows were seen', () => {
  const orchestrated = (more: object, flows = 100): string[] =>
    adviceOf({
      flows,
      nodes: [node('boss', 'lead'), node('b', 'do', more), node('c', 'do')],
      edges: [edge('boss/lead', 'b/do', 'command'), edge('boss/lead', 'c/do', 'command')],
    });
  expect(orchestrated({})).toEqual([expect.stringContaining('No step failed in 100 flows')]);
  expect(orchestrated({ failed: 1 })).toEqual([]);
  expect(orchestrated({}, 10)).toEqual([]);
});

test('where flows go different ways, a rule lives', () => {
  const { decisions } = coordinationOf(
    counted({
      nodes: [node('shop', 'check'), node('shop', 'pay'), node('shop', 'refuse')],
      edges: [
        edge('shop/check', 'shop/pay', 'event', { flows: 80 }),
        edge('shop/check', 'shop/refuse', 'event', { flows: 20 }),
      ],
    }),
  );
  expect(decisions).toEqual([
    {
      ...{ service: 'shop', step: 'check' },
      next: [
        { step: 'pay', flowsShare: 0.8 },
        { step: 'refuse', flowsShare: 0.2 },
      ],
    },
  ]);
});
