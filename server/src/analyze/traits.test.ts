import { expect, test } from 'vitest';
import type { Flow, Hop, Step } from '../model/flow.ts';
import { someFlows } from '../testing/some-flows.ts';
import { traitsOf } from './traits.ts';

const [some] = someFlows(40, 1_800_000_000_000).filter(({ hops }) => hops.length > 0);

/** Returns how often ids of steps are read for a flow of `count` steps that gave a message up. */
function looksFor(count: number): number {
  let looks = 0;
  const steps = Array.from({ length: count }, (_, i): Step => {
    const step = some!.steps[0]!;
    const attempt = { ...step.attempts[0]!, status: 'failed' as const };
    const failed: Step = { ...step, status: 'failed', attempts: [attempt], compensatedBy: [] };
    return Object.defineProperty(failed, 'id', { get: () => (looks++, `s${i}`) });
  });
  const hops = steps.map((_step, i): Hop => ({
    ...{ ...some!.hops[0]!, id: `h${i}`, from: 'gone', to: `s${i}` },
    ...{ state: 'dead-lettered', sync: false },
  }));
  const flow: Flow = { ...some!, steps, hops };
  expect(traitsOf(flow).others.ids.length).toBeGreaterThan(0);
  return looks;
}

test('the work grows as failed steps and messages that were given up do', () => {
  const [small, large] = [looksFor(200), looksFor(400)];
  expect(large).toBeLessThanOrEqual(2.5 * small);
});
