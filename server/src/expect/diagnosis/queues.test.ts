import { expect, test } from 'vitest';
import { createGuard } from '../../alert/index.ts';
import { manualClock, systemClock } from '../../base/clock.ts';
import type { Flow } from '../../model/flow.ts';
import { createLab } from '../../testing/lab.ts';
import { createQueues } from './queues.ts';
import { placed, shipped } from '../../testing/expectations.ts';

const flow = (id: number, waiting: number): Flow =>
  ({
    id: String(id),
    environment: 'e',
    hops: Array.from({ length: waiting }, () => ({
      state: 'waiting',
      sync: false,
      message: { destination: 'orders' },
    })),
  }) as unknown as Flow;

test('a queue grows while more wait than a minute ago, whatever drains from it', () => {
  const clock = manualClock();
  const queues = createQueues(clock);
  let come = 0;
  let gone = 0;
  const seconds = (count: number, perSecond: number, takes: boolean): void => {
    for (let i = 0; i < count; i++) {
      clock.advance(1000);
      for (let k = 0; k < perSecond; k++) queues.observe(flow(come++, 1));
      if (takes && gone < come) queues.observe(flow(gone++, 0));
    }
  };
  expect(queues.growth('e', 'orders')).toBeNull();
  seconds(9, 2, true);
  expect(queues.growth('e', 'orders')).toBeNull(); // Nine are too few to matter.
  seconds(100, 3, true);
  const { waiting, aMinuteAgo, taken } = queues.growth('e', 'orders')!;
  expect(waiting).toBe(come - gone);
  expect([waiting - aMinuteAgo >= 120, taken >= 60 && taken <= 66]).toEqual([true, true]);
  seconds(70, 1, true);
  expect(queues.growth('e', 'orders')).toBeNull();
  // Observing a flow again changes nothing, forgetting a flow removes its message, and another
  // environment has queues of its own.
  seconds(10, 5, false);
  const { waiting: before } = queues.growth('e', 'orders')!;
  queues.observe(flow(come - 1, 1));
  queues.forget(String(come - 2));
  queues.forget('nobody');
  expect(queues.growth('e', 'orders')!.waiting).toBe(before - 1);
  expect(queues.growth('other', 'orders')).toBeNull();
});

test('a consumer that is there and too slow: the incident says how its queue grows', async () => {
  const alerts = { guard: createGuard(systemClock(), []), channels: [], routes: [] };
  const lab = await createLab({ startMs: 1_794_000_000_000, alerts });
  let number = 0;
  for (let i = 0; i < 120; i++) {
    await lab.deliver([placed(lab, number), shipped(lab, number)]);
    number++;
    await lab.advance(2000);
  }
  // Two messages a second arrive, and one leaves every two seconds.
  const queue: number[] = [];
  for (let second = 0; second < 120; second++) {
    queue.push(number, number + 1);
    await lab.deliver([placed(lab, number++), placed(lab, number++)]);
    if (second % 2 === 0) await lab.deliver([shipped(lab, queue.shift()!)]);
    await lab.advance(1000);
  }
  const [incident] = lab.alerts!.incidents();
  expect(incident?.cause).toMatch(
    /\d+ messages wait in orders, 0 did a minute ago, \d+ were taken since/,
  );
  await lab.stop();
});
