import type { Flow } from '../model/flow.ts';
import { aSpan, type SpanSketch } from './builders.ts';
import { createBench } from './correlator-harness.ts';

/**
 * Simulates orders in a small process. With the same seed but other parameters, the random numbers
 * stay the same, so that tests can compare what would have happened otherwise. An order is placed,
 * checked by a synchronous call to the bank, packed and billed in parallel, and then shipped.
 */
export interface Process {
  /** Median duration of each part, ms, by name: `work pack`, `wait ship`, `call bank`. */
  medians: Record<string, number>;
  /** Returns the instance of the service that handles an order's step. */
  instanceOf?: (service: string, order: number) => string;
  versionOf?: (service: string, order: number) => string;
  /** Returns whether a step of an order fails. */
  fails?: (step: string, order: number) => boolean;
}

export const PARTS: Record<string, number> = {
  'work place': 20,
  'call bank': 6,
  'work bank': 120,
  'wait pack': 200,
  'work pack': 300,
  'wait bill': 50,
  'work bill': 80,
  'wait ship': 400,
  'work ship': 150,
};

/** Returns a pseudo-random number from 0 to 1, which depends only on the seed and the name. */
export function roll(seed: number, name: string): number {
  let state = seed | 0;
  for (const letter of name) state = Math.imul(state ^ letter.charCodeAt(0), 0x5bd1e995) ^ 0x1b873;
  for (let i = 0; i < 4; i++) state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x297a2d39;
  return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
}

/** Returns the spans of one order. Times vary around their medians by a factor of up to 3. */
export function orderSketches(process: Process, seed: number, order: number): SpanSketch[] {
  const drawn = (part: string): number =>
    (process.medians[part] ?? 0) * 3 ** (2 * roll(seed * 100_003 + order, part) - 1);
  const trace = (step: string): string => `${step}${order}`;
  const at = order * 60_000;
  const sketches: SpanSketch[] = [];
  const span = (step: string, service: string, more: Partial<SpanSketch>): void => {
    sketches.push({
      ...{ trace: trace(step), id: step, service, flow: `order-${order}`, type: 'order' },
      step: { name: step },
      failed: process.fails?.(step, order) ?? false,
      ...more,
    });
  };
  const calledAt = at + drawn('work place');
  const bankAt = calledAt + drawn('call bank');
  const bankEnd = bankAt + drawn('work bank');
  const backAt = bankEnd + drawn('call bank') / 2;
  const placed = backAt + drawn('work place') / 2;
  span('place', 'shop', { role: 'server', at, ms: placed - at });
  sketches.push({
    ...{ trace: trace('place'), id: 'call', parent: 'place', role: 'client', service: 'shop' },
    ...{ at: calledAt, ms: backAt - calledAt },
  });
  span('bank', 'bank', {
    ...{ trace: trace('place'), parent: 'call', remote: true, role: 'server' },
    ...{ at: bankAt, ms: bankEnd - bankAt },
  });
  const send = (from: string, service: string, to: string, sentAt: number): string => {
    const id = `${from[0]}to${to}`;
    sketches.push({
      ...{ trace: trace(from), id, parent: from, role: 'send', service, destination: to },
      ...{ at: sentAt, ms: 0 },
    });
    return `${trace(from)}/${id}`;
  };
  const handle = (step: string, service: string, links: string[], from: number): number => {
    const start = from + drawn(`wait ${step}`);
    const ms = drawn(`work ${step}`);
    span(step, service, { role: 'process', destination: step, links, at: start, ms });
    return start + ms;
  };
  const packed = handle('pack', 'warehouse', [send('place', 'shop', 'pack', placed)], placed);
  const billed = handle('bill', 'billing', [send('place', 'shop', 'bill', placed)], placed);
  const links = [
    send('pack', 'warehouse', 'ship', packed),
    send('bill', 'billing', 'ship', billed),
  ];
  handle('ship', 'carrier', links, Math.max(packed, billed));
  return sketches;
}

/** Returns the flows of `count` orders. */
export function simulatedFlows(process: Process, seed: number, count: number): Flow[] {
  const bench = createBench();
  for (let order = 0; order < count; order++)
    bench.take(
      orderSketches(process, seed, order).map((sketch) => {
        const span = aSpan(sketch);
        const { name } = span.service;
        const version = process.versionOf?.(name, order) ?? '';
        const instance = process.instanceOf?.(name, order) ?? '';
        return { ...span, service: { ...span.service, version, instance } };
      }),
    );
  bench.rest();
  return [...bench.flows().values()];
}
