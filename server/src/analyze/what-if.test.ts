import { expect, test } from 'vitest';
import type { Flow } from '../model/flow.ts';
import { PARTS, simulatedFlows } from '../testing/simulated-flows.ts';
import { traitId } from './trait-ids.ts';
import { traitsOf } from './traits.ts';
import { durationIf } from './what-if.ts';

const ORDERS = 150;
const SERVICES: Record<string, string> = {
  place: 'shop',
  bank: 'bank',
  pack: 'warehouse',
  bill: 'billing',
  ship: 'carrier',
};
const mean = (list: readonly number[]): number =>
  list.reduce((sum, one) => sum + one, 0) / list.length;
const durations = (flows: readonly Flow[]): number[] => flows.map(({ durationMs }) => durationMs);

test.each([
  ['work pack', 'processing', ''],
  ['wait pack', 'queue-wait', 'pack'],
  ['work bank', 'processing', ''],
  ['wait ship', 'queue-wait', 'ship'],
  ['work ship', 'processing', ''],
  ['wait bill', 'queue-wait', 'bill'],
  ['work bill', 'processing', ''],
] as const)('half of %s is what a simulation with half of it takes', (part, kind, message) => {
  for (const seed of [1, 2, 3]) {
    const before = simulatedFlows({ medians: PARTS }, seed, ORDERS);
    expect(before).toHaveLength(ORDERS);
    const medians = { ...PARTS, [part]: PARTS[part]! / 2 };
    const after = mean(durations(simulatedFlows({ medians }, seed, ORDERS)));
    const step = part.split(' ')[1]!;
    const segment = traitId('segment', {
      ...{ kind: kind, service: SERVICES[step]!, step, message },
    });
    const computed = mean(before.map((flow) => durationIf(flow, segment, 0.5)));
    const whole = mean(durations(before));
    expect(Math.abs(computed - after)).toBeLessThan(0.02 * after);
    // If the simulated flows became clearly shorter, the computed ones became shorter by about as
    // much.
    if (whole - after > 0.02 * whole)
      expect((whole - computed) / (whole - after)).toBeCloseTo(1, 0.9);
  }
});

test('a factor of one changes nothing, and nothing takes longer', () => {
  for (const flow of simulatedFlows({ medians: PARTS }, 4, ORDERS))
    for (const id of traitsOf(flow).segments.ids) {
      expect(durationIf(flow, id, 1)).toBeCloseTo(flow.durationMs, 3);
      expect(durationIf(flow, id, 0.5)).toBeLessThanOrEqual(flow.durationMs + 1e-6);
      expect(durationIf(flow, id, 0.5)).toBeGreaterThanOrEqual(flow.durationMs / 2 - 1e-6);
    }
});

test('segments sum to the duration of each of 10,000 simulated flows', () => {
  let flows = 0;
  for (let seed = 1; flows < 10_000; seed++)
    for (const flow of simulatedFlows({ medians: PARTS }, seed, 1000)) {
      flows++;
      const told = traitsOf(flow).segments.ms.reduce((sum, ms) => sum + ms, 0);
      expect(told).toBeCloseTo(flow.durationMs, 3);
    }
}, 120_000);
