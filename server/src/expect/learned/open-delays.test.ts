import { expect, test } from 'vitest';
import { createLab, type Flow, type Lab } from '../../testing/lab.ts';
import { placed, shipped } from '../../testing/expectations.ts';
import { createOpenDelays } from './open-delays.ts';

const flowOf = (lab: Lab, number: number): Flow =>
  [...lab.flows.values()].find(({ flow }) => flow.flowId === `order-${number}`)!.flow;
const rest = async (lab: Lab, seconds: number): Promise<void> => {
  for (let i = 0; i < seconds; i += 5) await lab.advance(5000);
};

test('what waited in the outage of a first day is no longer usual once it is known what is', async () => {
  const lab = await createLab({ startMs: 1_794_000_000_000 });
  let number = 0;
  const place = async (count: number, ships: boolean): Promise<void> => {
    for (const last = number + count; number < last; number++) {
      await lab.deliver([placed(lab, number), ...(ships ? [shipped(lab, number)] : [])]);
      await lab.advance(200);
    }
  };
  await place(100, false);
  await rest(lab, 30);
  // These messages wait for less than a minute, at a time when nothing is known about usual waits.
  await place(4, false);
  await rest(lab, 40);
  await lab.deliver(Array.from({ length: number }, (_, n) => shipped(lab, n)));
  await rest(lab, 60);
  await place(150, true);
  await rest(lab, 60);
  await place(1, false);
  await rest(lab, 45);
  expect(flowOf(lab, number - 1).findings.map(({ rule }) => rule)).toEqual(['undelivered-message']);
  await lab.stop();
});

test('a flow is judged again after 1, 2, 4 and so on others of its type, and not for ever', () => {
  const open = createOpenDelays();
  open.add('order', 'a');
  open.add('refund', 'b');
  const due: number[] = [];
  for (let i = 1; i <= 3000; i++) if (open.countFlow('order').length > 0) due.push(i);
  expect(due).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]);
  expect(open.countFlow('refund')).toEqual(['b']);
  open.remove('refund', 'b');
  expect(open.countFlow('refund')).toEqual([]);
});

test('only so many flows are kept of a type: the newest', () => {
  const open = createOpenDelays();
  for (let i = 0; i < 1000; i++) open.add('order', String(i));
  const due = open.countFlow('order');
  expect([due.length, due.at(-1)]).toEqual([300, '999']);
});
