import { expect, test } from 'vitest';
import { flowsOf } from '../../testing/correlator-harness.ts';
import type { SpanSketch } from '../../testing/builders.ts';
import { backlogMsOf } from './backlog.ts';
import { digestOf } from './digest.ts';

const BASE_MS = 1_700_000_000_000;
const HOUR = 3_600_000;
/**
 * Builds a flow of two steps. `placed` and `taken` are the times, in ms after the start of the
 * first step, at which the first and the second step are received.
 */
const flow = (placed: number, taken: number) => {
  const shop = { trace: 'a1', service: 'shop', env: 'prod', received: BASE_MS + placed };
  const sketches: SpanSketch[] = [
    { ...shop, id: '1', role: 'server', ms: 30 },
    { ...shop, id: '2', parent: '1', role: 'send', destination: 'orders', at: 10, ms: 2 },
    {
      ...{ trace: 'b1', id: '3', links: ['a1/2'], service: 'pay', role: 'process', env: 'prod' },
      ...{ destination: 'orders', at: 50, ms: 5, received: BASE_MS + taken },
    },
  ];
  return flowsOf(...sketches)[0]!;
};
const lagsOf = (...received: [number, number]): number[] =>
  digestOf(flow(...received), () => 0).steps.map(({ lagMs }) => lagMs);

test('a flow that was delivered out of a backlog was late as a whole', () => {
  expect(backlogMsOf(flow(5 * HOUR, 5 * HOUR))).toBe(5 * HOUR - 55);
  expect(lagsOf(5 * HOUR, 5 * HOUR)).toEqual([55, 5]);
  const [message] = digestOf(flow(5 * HOUR, 5 * HOUR), () => 0).messages;
  expect(message!.waits[0]!.heardMs).toBe(BASE_MS + 55);
});

test('the delay of an exporter, and that of one step, is the lag of steps', () => {
  expect(lagsOf(5000, 5000)).toEqual([5000, 4950]);
  expect(lagsOf(200, HOUR)).toEqual([200, HOUR - 50]);
});
