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

test('the newest are remembered', () => {
  const takers = createTakers();
  for (let i = 0; i < 1000; i++) takers.observe(flowOf(`f${i}`, i));
  expect(takers.takenAfter('live', 'mails', 'mailer', -1)).toBe(200);
  expect(takers.takenAfter('live', 'mails', 'mailer', 989)).toBe(10);
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
