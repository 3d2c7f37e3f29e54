import { expect, test } from 'vitest';
import { createLab } from '../testing/lab.ts';
import { placed, shipped } from './testing.ts';

/** Of a type of which forty flows are known; a hundred make it known. */
test('an outage of a young type is found, and teaches neither that silence nor that such a wait is normal', async () => {
  const lab = await createLab({ startMs: 1_794_000_000_000 });
  const stuck = (): number => [...lab.flows.values()].filter(({ flow }) => flow.health === 'stuck').length;
  let number = 0;
  const orders = async (count: number, ships: boolean): Promise<number[]> => {
    const mine: number[] = [];
    for (let i = 0; i < count; i++) {
      mine.push(number);
      await lab.deliver([placed(lab, number), ...(ships ? [shipped(lab, number)] : [])]);
      number++;
      await lab.advance(2000);
    }
    return mine;
  };
  await orders(40, true);
  const held = await orders(50, false);
  expect(stuck()).toBeGreaterThanOrEqual(15);
  await lab.deliver(held.map((one) => shipped(lab, one)));
  for (let i = 0; i < 5; i++) await lab.advance(1000);
  expect(stuck()).toBe(0);
  await orders(40, true);
  // A wait of 100 s is no more normal than before: the next outage is found as soon.
  const [first] = await orders(1, false);
  for (let i = 0; i < 75; i++) await lab.advance(1000);
  const row = [...lab.flows.values()].find(({ flow }) => flow.flowId === `order-${first}`)!;
  expect(row.flow.findings.map((finding) => finding.rule)).toEqual(['undelivered-message']);
  await lab.stop();
});

test('who is heard of and takes no more of them does not want them: that is learned', async () => {
  const lab = await createLab({ startMs: 1_794_000_000_000 });
  for (let i = 0; i < 30; i++) {
    await lab.deliver([placed(lab, i), shipped(lab, i)]);
    await lab.advance(1000);
  }
  // The warehouse ships every third.
  for (let i = 30; i < 150; i++) {
    await lab.deliver([placed(lab, i), ...(i % 3 === 0 ? [shipped(lab, i)] : [])]);
    await lab.advance(1000);
  }
  for (let i = 0; i < 20; i++) await lab.advance(10_000);
  await lab.deliver([placed(lab, 1000)]);
  for (let i = 0; i < 20; i++) await lab.advance(10_000);
  const row = [...lab.flows.values()].find(({ flow }) => flow.flowId === 'order-1000')!;
  expect(row.flow.findings).toEqual([]);
  await lab.stop();
});

test('who waits in an outage is drawn when something about it changes, not again and again', async () => {
  let drawn = 0;
  const lab = await createLab({ startMs: 1_794_000_000_000, onFlow: () => drawn++ });
  for (let i = 0; i < 40; i++) {
    await lab.deliver([placed(lab, i), shipped(lab, i)]);
    await lab.advance(2000);
  }
  for (let i = 40; i < 60; i++) await lab.deliver([placed(lab, i)]);
  drawn = 0;
  for (let i = 0; i < 600; i++) await lab.advance(1000);
  // Drawn, late, stuck.
  expect(drawn).toBeLessThanOrEqual(20 * 3);
  await lab.stop();
});

test('a consumer that is heard of and sometimes slow is learned as it is', async () => {
  const lab = await createLab({ startMs: 1_794_000_000_000 });
  const slow: { number: number; atMs: number }[] = [];
  const calledStuck = new Set<string>();
  for (let i = 0; i < 300; i++) {
    const isSlow = i >= 30 && i % 20 === 0;
    if (isSlow) slow.push({ number: i, atMs: lab.clock.now() + 40_000 });
    await lab.deliver([placed(lab, i), ...(isSlow ? [] : [shipped(lab, i)])]);
    for (let second = 0; second < 2; second++) {
      await lab.advance(1000);
      while (slow[0] && slow[0].atMs <= lab.clock.now())
        await lab.deliver([shipped(lab, slow.shift()!.number)]);
    }
    for (const { flow } of lab.flows.values()) if (flow.health === 'stuck') calledStuck.add(flow.flowId);
  }
  expect([...calledStuck]).toEqual([]);
  await lab.stop();
});

test('a service that takes a thousand times as long from now on is learned as it is, once most flows show it', async () => {
  const stuckEver = new Map<string, number>();
  const lab = await createLab({
    startMs: 1_794_000_000_000,
    onFlow: (flow) => {
      if (flow.health === 'stuck') stuckEver.set(flow.flowId, Number(flow.flowId.split('-')[1]));
    },
  });
  for (let i = 0; i < 200; i++) {
    await lab.deliver([placed(lab, i), shipped(lab, i)]);
    await lab.advance(2000);
  }
  for (let i = 0; i < 30; i++) await lab.advance(2000);
  // Ten minutes from now on: three hundred orders are under way at any time.
  const DELAY = 300;
  for (let i = 200; i < 1400; i++) {
    await lab.deliver([placed(lab, i), ...(i >= 200 + DELAY ? [shipped(lab, i - DELAY)] : [])]);
    await lab.advance(2000);
  }
  const called = [...stuckEver.values()].sort((a, b) => a - b);
  // Those that waited before the first hundred had come, and none of the last 500.
  expect(called[0]).toBe(200);
  expect(called.at(-1)).toBeLessThan(900);
  await lab.stop();
});
