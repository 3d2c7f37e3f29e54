import { expect, test } from 'vitest';
import { nanosFromMs } from '../../model/time.ts';
import { someFlows } from '../../testing/some-flows.ts';
import type { Flow, Hop } from '../../model/flow.ts';
import { createTakers } from './takers.ts';

const [some] = someFlows(40, 1_800_000_000_000).filter(({ hops }) => hops.length > 0);
/** A flow in which the mailer took a message that was sent at an instant. */
const flowOf = (
  id: string,
  sentMs: number,
  over: Partial<Hop> = {},
  destination = 'mails',
): Flow => {
  const step = { ...some!.steps[0]!, id: 'mail', service: 'mailer' };
  const hop: Hop = {
    ...{ ...some!.hops[0]!, id: 'h', to: 'mail', state: 'delivered', sync: false },
    ...{ sent: nanosFromMs(sentMs), ...over },
  };
  hop.message = { ...hop.message, destination };
  return { ...some!, id, environment: 'live', steps: [step], hops: [hop] };
};

test('what was sent later is counted once, for its environment, destination and service', () => {
  const takers = createTakers();
  for (let i = 0; i < 10; i++) {
    takers.observe(flowOf(`f${i}`, i * 1000));
    takers.observe(flowOf(`f${i}`, i * 1000));
  }
  expect(takers.takenAfter('live', 'mails', 'mailer', 3000)).toBe(6);
  expect(takers.takenAfter('live', 'mails', 'mailer', 9000)).toBe(0);
  expect(takers.takenAfter('test', 'mails', 'mailer', 0)).toBe(0);
  expect(takers.takenAfter('live', 'letters', 'mailer', 0)).toBe(0);
  expect(takers.takenAfter('live', 'mails', 'printer', 0)).toBe(0);
});

test('what waits or was given up was not taken', () => {
  const takers = createTakers();
  takers.observe(flowOf('a', 1000, { state: 'waiting', to: null }));
  takers.observe(flowOf('b', 1000, { state: 'dead-lettered' }));
  takers.observe(flowOf('c', 1000, { sync: true }));
  expect(takers.takenAfter('live', 'mails', 'mailer', 0)).toBe(0);
});

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);
const shuffled = (times: number[]): number[] =>
  times
    .map((ms) => [(ms * 7919) % 1000, ms] as const)
    .sort(([a], [b]) => a - b)
    .map(([, ms]) => ms);

/** The last 200 that were sent up to 1000 are remembered, in whatever order they are observed. */
test.each<[string, number[]]>([
  ['in order', range(0, 1000)],
  ['backwards', range(0, 1000).toReversed()],
  ['in any order', shuffled(range(0, 1000))],
  ['the newest first, then old ones', [...range(800, 1000), ...range(0, 150)]],
  ['old ones first', [...range(0, 150), ...range(800, 1000)]],
  [
    'old ones in between, all of them twice',
    [
      ...[...range(800, 900), ...range(0, 300), ...range(900, 1000)],
      ...[...range(0, 300), ...range(800, 1000)],
    ],
  ],
])('the newest are remembered: %s', (_order, times) => {
  const takers = createTakers();
  for (const ms of times) takers.observe(flowOf(`f${ms}`, ms));
  const after = (ms: number): number => takers.takenAfter('live', 'mails', 'mailer', ms);
  expect([-1, 700, 799, 800, 989, 998, 999].map(after)).toEqual([200, 200, 200, 199, 10, 1, 0]);
});

test('a clock that is far ahead does not make its messages the newest for years', () => {
  const takers = createTakers();
  const at = some!.steps[0]!.receivedMs;
  const DAY_MS = 86_400_000;
  for (let i = 0; i < 300; i++) takers.observe(flowOf(`wrong${i}`, at + 1000 * DAY_MS + i));
  for (let i = 0; i < 10; i++) takers.observe(flowOf(`fast${i}`, at + DAY_MS - i));
  for (let i = 0; i < 20; i++) takers.observe(flowOf(`f${i}`, at - i));
  const after = (ms: number): number => takers.takenAfter('live', 'mails', 'mailer', ms);
  expect([at - 1000, at, at + DAY_MS].map(after)).toEqual([30, 10, 0]);
});

test('as long as there is room, old ones are remembered, too', () => {
  const takers = createTakers();
  for (const ms of [...range(900, 950), ...range(0, 150)]) takers.observe(flowOf(`f${ms}`, ms));
  const after = (ms: number): number => takers.takenAfter('live', 'mails', 'mailer', ms);
  expect([-1, 99, 149, 899].map(after)).toEqual([200, 100, 50, 50]);
});

test('one flow with many old messages hides none of the newest', () => {
  const takers = createTakers();
  for (const ms of range(800, 1000)) takers.observe(flowOf(`f${ms}`, ms));
  const old = flowOf('old', 0);
  const hops = range(0, 150).map((ms) => ({
    ...{ ...old.hops[0]!, id: `h${ms}`, sent: nanosFromMs(ms) },
  }));
  takers.observe({ ...old, hops });
  expect(takers.takenAfter('live', 'mails', 'mailer', 799)).toBe(200);
});

test('a new destination takes the place of the one that was used longest ago', () => {
  const takers = createTakers();
  const take = (destination: string): void => takers.observe(flowOf('f', 1000, {}, destination));
  const known = (destination: string): number =>
    takers.takenAfter('live', destination, 'mailer', 0);
  for (let i = 0; i < 5000; i++) take(`d${i}`);
  take('d0');
  expect(known('d1')).toBe(1);
  take('new');
  take('newer');
  expect(['new', 'newer', 'd0', 'd1', 'd2', 'd3', 'd4'].map(known)).toEqual([1, 1, 1, 1, 0, 0, 1]);
});

test('what is remembered is not counted again', () => {
  const takers = createTakers();
  for (let i = 0; i < 250; i++) takers.observe(flowOf(`f${i}`, i));
  for (let i = 50; i < 250; i++) takers.observe(flowOf(`f${i}`, i));
  expect(takers.takenAfter('live', 'mails', 'mailer', -1)).toBe(200);
  expect(takers.takenAfter('live', 'mails', 'mailer', 49)).toBe(200);
});
