import { expect, test } from 'vitest';
import { createLab, type Flow, type Lab } from '../../testing/lab.ts';
import { placed, received } from '../../testing/expectations.ts';

const deliver = async (lab: Lab, from: number, count: number, isHandled = true): Promise<void> => {
  for (let i = from; i < from + count; i++)
    await lab.deliver([placed(lab, i), ...received(lab, i, isHandled)]);
};
const told = (lab: Lab): string[] =>
  [...lab.flows.values()].flatMap(({ flow }: { flow: Flow }) =>
    flow.findings.map(({ rule, summary }) => `${rule}: ${summary}`),
  );

test('a delivery without work hangs where work is known to follow', async () => {
  const lab = await createLab({ startMs: 1_794_000_000_000 });
  await deliver(lab, 1, 30);
  await lab.advance(40_000);
  expect(told(lab)).toEqual([]);
  await deliver(lab, 100, 1, false);
  await lab.advance(2000);
  const hung = () => [...lab.flows.values()].find(({ flow }) => flow.key === 'order-100')!.flow;
  expect(hung()).toMatchObject({
    idleOutcome: null,
    steps: [{}, { status: 'running', end: null }],
  });
  await lab.advance(120_000);
  expect(told(lab)).toEqual([
    'lost-step: warehouse took orders and has not finished: warehouse work',
  ]);
  // The work of this delivery does finish after all.
  const work = { ...received(lab, 100, true)[1]! };
  await lab.deliver([work]);
  await lab.advance(2000);
  expect(hung().steps[1]).toMatchObject({ status: 'ok' });
  await lab.stop();
});

test('a delivery without work is done where work was never seen to follow', async () => {
  const lab = await createLab({ startMs: 1_794_000_000_000 });
  await deliver(lab, 1, 30, false);
  await lab.advance(700_000);
  expect(told(lab)).toEqual([]);
  for (const { flow } of lab.flows.values()) expect(flow.idleOutcome).toBe('completed');
  await lab.stop();
});

test('a consumer that works on some of its deliveries only is not waited for', async () => {
  const lab = await createLab({ startMs: 1_794_000_000_000 });
  for (let round = 0; round < 60; round++) {
    await deliver(lab, 1 + 2 * round, 1, false);
    await deliver(lab, 2 + 2 * round, 1, true);
    await lab.advance(5000);
  }
  await lab.advance(600_000);
  await deliver(lab, 500, 1, false);
  await lab.advance(700_000);
  const last = [...lab.flows.values()].find(({ flow }) => flow.key === 'order-500')!.flow;
  expect(last).toMatchObject({ idleOutcome: 'completed', findings: [] });
  await lab.stop();
});
