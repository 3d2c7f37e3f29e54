import { expect, test } from 'vitest';
import { createLab, type Lab } from '../../testing/lab.ts';
import { placed, shipped } from '../../testing/expectations.ts';

/** What an incident says of a message that nobody took, whether its consumer runs or not. */
const START = 1_794_000_000_000;

async function labWithOrders(): Promise<{ lab: Lab; take: (numbers: number[]) => Promise<void> }> {
  const guard = {
    mail: () => Promise.reject(new Error('no mail here')),
    post: () => Promise.reject(new Error('nobody is told')),
  };
  const lab = await createLab({ startMs: START, alerts: { guard, channels: [], routes: [] } });
  for (let i = 0; i < 60; i++) {
    await lab.deliver([placed(lab, i), shipped(lab, i)]);
    await lab.advance(1000);
  }
  await rest(lab, 60);
  return {
    lab,
    async take(numbers) {
      for (const number of numbers) {
        await lab.deliver([shipped(lab, number)]);
        await lab.advance(1000);
      }
    },
  };
}
const rest = async (lab: Lab, seconds: number): Promise<void> => {
  for (let i = 0; i < seconds; i += 5) await lab.advance(5000);
};
const causes = ({ alerts }: Lab): (string | null)[] =>
  alerts!
    .incidents()
    .filter(({ status }) => status === 'open')
    .map(({ cause }) => cause);
const IS_IT_RUNNING = /^messages to orders are sent and not consumed: is warehouse running\?/;

test('a message that later ones overtook was lost, and who took those is not asked for', async () => {
  const { lab } = await labWithOrders();
  await lab.deliver([placed(lab, 100)]);
  await lab.advance(1000);
  for (let i = 101; i < 108; i++) {
    await lab.deliver([placed(lab, i), shipped(lab, i)]);
    await lab.advance(1000);
  }
  await rest(lab, 240);
  expect(causes(lab)).toEqual([
    expect.stringMatching(/^warehouse took 7 later messages of orders,/),
  ]);
  await lab.stop();
});

test('later ones may be taken only after the incident opened', async () => {
  const { lab } = await labWithOrders();
  await lab.deliver([placed(lab, 100)]);
  await rest(lab, 240);
  expect(causes(lab)).toEqual([expect.stringMatching(IS_IT_RUNNING)]);
  await lab.deliver([placed(lab, 101), shipped(lab, 101)]);
  await lab.advance(1000);
  expect(causes(lab)).toEqual([
    expect.stringMatching(/^warehouse took 1 later message of orders,/),
  ]);
  await lab.stop();
});

test('while a queue is worked off, what still waits is not lost; what is left behind is', async () => {
  const { lab, take } = await labWithOrders();
  const queue = Array.from({ length: 12 }, (_, i) => 100 + i);
  for (const number of queue) {
    await lab.deliver([placed(lab, number)]);
    await lab.advance(1000);
  }
  await rest(lab, 240);
  expect(causes(lab)).toEqual([expect.stringMatching(IS_IT_RUNNING)]);
  // The consumer is back and takes one after the other, all but the fourth.
  await take(queue.slice(0, 3));
  await take(queue.slice(4, 8));
  expect(causes(lab)).toEqual([expect.stringMatching(IS_IT_RUNNING)]);
  await take(queue.slice(8));
  expect(causes(lab)).toEqual([
    expect.stringMatching(/^warehouse took 8 later messages of orders,/),
  ]);
  await take([103]);
  expect(causes(lab)).toEqual([]);
  await lab.stop();
});
