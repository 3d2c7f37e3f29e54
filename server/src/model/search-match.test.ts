import { expect, test } from 'vitest';
import { someFlows } from '../testing/some-flows.ts';
import type { Flow, Hop, Step } from './flow.ts';
import type { Query } from './search.ts';
import { eventsOf, likes, longestWait, matchesQuery, mostAttempts } from './search-match.ts';
import { nanosFromMs } from './time.ts';

const NOW = 1_700_000_000_000;
const plain = someFlows(40, NOW).find(({ hops }) => hops.length > 1)!;
const step = (name: string, atMs: number, over: Partial<Step> = {}): Step => ({
  ...plain.steps[0]!,
  ...{ name, start: nanosFromMs(atMs), status: 'ok' },
  ...over,
});
const hop = (over: Partial<Hop>): Hop => ({ ...plain.hops[0]!, sync: false, ...over });
const flow = (over: Partial<Flow> = {}): Flow => ({ ...plain, hops: [], ...over });
const field = (name: Extract<Query, { kind: 'field' }>['field'], value: string): Query => ({
  ...{ kind: 'field', field: name, value },
});
const is = (query: Query, of: Flow, nowMs = NOW): boolean => matchesQuery(query, of, nowMs);

test.each([
  ['order', 'Order', true],
  ['order', 'orders', false],
  ['order*', 'Order-Fulfilment', true],
  ['*ment', 'fulfilment', true],
  ['a*b*c', 'aXbYc', true],
  ['a*b*c', 'acb', false],
  // No character of the text may match two parts of the pattern.
  ['ab*ba', 'aba', false],
  ['a*a', 'a', false],
  ['**', '', true],
  ['*', 'anything', true],
  ['', '', true],
  ['100%', '100%', true],
  ['1_0', '100', false],
  ['a.c', 'abc', false],
])('%s is like %s: %s', (pattern, value, expected) => {
  expect(likes(pattern, value)).toBe(expected);
});

test('a pattern of many stars takes no longer than its text', () => {
  const started = performance.now();
  expect(likes(`${'*a'.repeat(50)}b`, 'a'.repeat(100_000))).toBe(false);
  expect(performance.now() - started).toBeLessThan(2000);
});

test('events are steps by name and messages by type, of those that say one', () => {
  const said = flow({
    steps: [step('place', 1000.7)],
    hops: [
      hop({ message: { ...plain.hops[0]!.message, type: 'Placed' }, sent: nanosFromMs(2000.2) }),
      hop({ message: { ...plain.hops[0]!.message, type: '' } }),
    ],
  });
  expect(eventsOf(said)).toEqual([
    { name: 'place', atMs: 1000 },
    { name: 'Placed', atMs: 2000 },
  ]);
});

test('a call is no wait, and a message that nobody took has none yet', () => {
  const waits = [hop({ waitMs: 5 }), hop({ waitMs: null }), hop({ waitMs: 90, sync: true })];
  expect(longestWait(flow({ hops: waits }))).toBe(5);
  expect(longestWait(flow())).toBe(0);
  expect(mostAttempts(flow({ steps: [] }))).toBe(0);
});

test('what is not said is found by no pattern', () => {
  expect(is(field('outcome', '*'), flow({ outcome: null }))).toBe(false);
  expect(is(field('environment', '*'), flow({ environment: '' }))).toBe(false);
  expect(is({ kind: 'not', of: field('parent', '*') }, flow({ parentId: null }))).toBe(true);
});

test('a failed step is found by its name, one that did not fail is not', () => {
  const steps = [step('charge', 0, { status: 'failed' }), step('ship', 0)];
  expect(is(field('failed', 'charge'), flow({ steps }))).toBe(true);
  expect(is(field('failed', 'ship'), flow({ steps }))).toBe(false);
  expect(is(field('step', 'ship'), flow({ steps }))).toBe(true);
});

test('a flow is called by its id, by a former one and by each of its traces', () => {
  const trace = 'ab'.repeat(16);
  const other = 'cd'.repeat(16);
  const called = flow({
    ...{ id: 'e'.repeat(24), aliases: ['f'.repeat(24)] },
    ...{ members: [trace + '1'.repeat(16)], context: [other + '1'.repeat(16)] },
  });
  for (const name of [called.id, 'F'.repeat(24), trace, other.toUpperCase()]) {
    expect(is(field('id', name), called), name).toBe(true);
    expect(is({ kind: 'text', text: name }, called), name).toBe(true);
  }
  expect(is(field('id', `${trace.slice(0, 10)}*`), called)).toBe(false);
  expect(is(field('id', 'a'.repeat(32)), called)).toBe(false);
});

test.each([
  ['>', 5, false],
  ['>=', 5, true],
  ['<', 5, false],
  ['<=', 5, true],
  ['=', 5, true],
  ['>', 4, true],
  ['<', 6, true],
  ['=', 4, false],
] as const)('of five steps: steps%s%i is %s', (op, value, expected) => {
  const five = flow({ steps: Array.from({ length: 5 }, (_, i) => step('a', i)) });
  expect(is({ kind: 'number', field: 'steps', op, value }, five)).toBe(expected);
});

test('an open flow lasts until now, an ended one no longer', () => {
  const long: Query = { kind: 'number', field: 'duration', op: '>', value: 1000 };
  const times = { started: nanosFromMs(NOW - 2000), durationMs: 500 };
  expect(is(long, flow({ ...times, phase: 'open' }))).toBe(true);
  expect(is(long, flow({ ...times, phase: 'ended' }))).toBe(false);
});

test('one attempt is no retry', () => {
  const retries = (attempts: number): Query => ({
    ...{ kind: 'number', field: 'retries', op: '=', value: attempts },
  });
  const attempt = plain.steps[0]!.attempts[0]!;
  const tried = (count: number): Flow =>
    flow({
      steps: count === 0 ? [] : [step('a', 0, { attempts: Array(count).fill(attempt) as never })],
    });
  expect([0, 1, 2, 3].map((count) => is(retries(0), tried(count)))).toEqual([
    ...[true, true, false, false],
  ]);
  expect(is(retries(2), tried(3))).toBe(true);
});

test('the start of a span of time is in it, its end is not', () => {
  const at = flow({ started: nanosFromMs(NOW) });
  expect(is({ kind: 'time', op: 'since', atMs: NOW }, at)).toBe(true);
  expect(is({ kind: 'time', op: 'before', atMs: NOW }, at)).toBe(false);
  expect(is({ kind: 'time', op: 'since', atMs: NOW + 1 }, at)).toBe(false);
  expect(is({ kind: 'time', op: 'before', atMs: NOW + 1 }, at)).toBe(true);
});

const order = (over: Partial<Extract<Query, { kind: 'order' }>> = {}): Query => ({
  ...{ kind: 'order', first: 'a', then: 'b', withinMs: null, not: false },
  ...over,
});
const events = (...list: [string, number][]): Flow =>
  flow({ steps: list.map(([name, ago]) => step(name, NOW - ago)) });

test('one event follows another at the same instant or later, in time', () => {
  expect(is(order(), events(['a', 100], ['b', 50]))).toBe(true);
  expect(is(order(), events(['a', 100], ['b', 100]))).toBe(true);
  expect(is(order(), events(['b', 100], ['a', 50]))).toBe(false);
  expect(is(order({ withinMs: 50 }), events(['a', 100], ['b', 50]))).toBe(true);
  expect(is(order({ withinMs: 49 }), events(['a', 100], ['b', 50]))).toBe(false);
  // The first `a` is not followed within 10 ms, but the second `a` is.
  expect(is(order({ withinMs: 10 }), events(['a', 200], ['a', 100], ['b', 95]))).toBe(true);
});

test('whether an event is not followed is known once the time for it is over', () => {
  const late = order({ not: true, withinMs: 60 });
  expect(is(late, events(['a', 60]))).toBe(false);
  expect(is(late, events(['a', 61]))).toBe(true);
  expect(is(late, events(['a', 61], ['b', 10]))).toBe(false);
  expect(is(order({ not: true }), events(['a', 1]))).toBe(true);
  expect(is(order({ not: true }), events(['b', 1]))).toBe(false);
});

test('and, or and not mean what they say, of nothing too', () => {
  const [yes, no] = [field('type', '*'), field('type', 'none')];
  const one = flow();
  expect(is({ kind: 'and', of: [yes, no] }, one)).toBe(false);
  expect(is({ kind: 'or', of: [no, yes] }, one)).toBe(true);
  expect(is({ kind: 'and', of: [] }, one)).toBe(true);
  expect(is({ kind: 'or', of: [] }, one)).toBe(false);
});
