import { expect, test } from 'vitest';
import { placed, shipped } from '../../testing/expectations.ts';
import { createLab, type Lab } from '../../testing/lab.ts';

/** Sends an order every two seconds; the warehouse leaves those for which `isLeft` returns true. */
async function run(lab: Lab, count: number, isLeft: (number: number) => boolean): Promise<void> {
  for (let i = 0; i < count; i++) {
    await lab.deliver(isLeft(i) ? [placed(lab, i)] : [placed(lab, i), shipped(lab, i)]);
    await lab.advance(2000);
  }
  for (let i = 0; i < 24; i++) await lab.advance(5000);
}
const stuckIn = (lab: Lab, numbers: number[]): number =>
  [...lab.flows.values()].filter(
    ({ flow }) => flow.status === 'stuck' && numbers.some((n) => flow.flowId === `order-${n}`),
  ).length;
const from = (first: number, last: number): number[] =>
  Array.from({ length: last - first }, (_, i) => first + i);

test.each([8, 10, 12])(
  'a consumer that leaves every %ith message from the first day on is selective, however late that shows',
  async (every) => {
    const lab = await createLab({ startMs: 1_794_000_000_000 });
    await run(lab, 900, (i) => i % every === 3);
    expect(stuckIn(lab, from(0, 900))).toBe(0);
    await lab.stop();
  },
);

test('a consumer that took all of many messages is not selective: from then on, each is missed', async () => {
  const lab = await createLab({ startMs: 1_794_000_000_000 });
  await run(lab, 900, (i) => i >= 300 && i % 10 === 3);
  expect(stuckIn(lab, from(300, 900))).toBe(60);
  await lab.stop();
});

test('a consumer that may be selective is missed once it takes nothing any more', async () => {
  const lab = await createLab({ startMs: 1_794_000_000_000 });
  await run(lab, 500, (i) => i % 25 === 3 || i >= 400);
  expect(stuckIn(lab, from(400, 500))).toBe(100);
  await lab.stop();
});
