import { expect, test } from 'vitest';
import { createLab, type Lab, type OtlpSpan } from '../../testing/lab.ts';
import { placed, shipped } from '../../testing/expectations.ts';

/**
 * Tests an outage of a type of which only forty flows are known; a type is well known from a
 * hundred on.
 */
test('an outage of a young type is found, and teaches neither that silence nor that such a wait is normal', async () => {
  const lab = await createLab({ startMs: 1_794_000_000_000 });
  const stuck = (): number =>
    [...lab.flows.values()].filter(({ flow }) => flow.health === 'stuck').length;
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
  // The waits of 100 s in the outage were not learned as normal, so the next outage is found just
  // as soon.
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
  // From now on the warehouse ships only every third order.
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

test('who waits in an outage is projected when something about it changes, not again and again', async () => {
  let projected = 0;
  const lab = await createLab({ startMs: 1_794_000_000_000, onFlow: () => projected++ });
  for (let i = 0; i < 40; i++) {
    await lab.deliver([placed(lab, i), shipped(lab, i)]);
    await lab.advance(2000);
  }
  for (let i = 40; i < 60; i++) await lab.deliver([placed(lab, i)]);
  projected = 0;
  for (let i = 0; i < 600; i++) await lab.advance(1000);
  // Each flow is projected at most three times: when it arrives, when it is late, and when it is
  // stuck.
  expect(projected).toBeLessThanOrEqual(20 * 3);
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
    for (const { flow } of lab.flows.values())
      if (flow.health === 'stuck') calledStuck.add(flow.flowId);
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
  // Shipping takes ten minutes from now on: three hundred orders are open at any time.
  const DELAY = 300;
  for (let i = 200; i < 1400; i++) {
    await lab.deliver([placed(lab, i), ...(i >= 200 + DELAY ? [shipped(lab, i - DELAY)] : [])]);
    await lab.advance(2000);
  }
  const called = [...stuckEver.values()].sort((a, b) => a - b);
  // The first slow orders are reported, because ten minutes is still an unusual wait. None of the
  // last 500 is reported.
  expect(called[0]).toBe(200);
  expect(called.at(-1)).toBeLessThan(900);
  await lab.stop();
});

const waitOf = async (lab: Lab, number: number): Promise<number> => {
  await lab.deliver([placed(lab, number)]);
  await lab.advance(1000);
  const { flow } = [...lab.flows.values()].find((row) => row.flow.flowId === `order-${number}`)!;
  expect(flow.waitingFor).toHaveLength(1);
  return flow.waitingFor[0]!.stuckAt - flow.waitingFor[0]!.since;
};

test('outages that are over before anybody is stuck do not teach that waiting is normal, however often they come', async () => {
  const lab = await createLab({ startMs: 1_794_000_000_000 });
  let number = 0;
  for (let outage = 0; outage < 8; outage++) {
    for (let i = 0; i < 60; i++) {
      await lab.deliver([placed(lab, number), shipped(lab, number)]);
      number++;
      await lab.advance(1000);
    }
    const held: number[] = [];
    for (let i = 0; i < 13; i++) {
      await lab.deliver([placed(lab, number)]);
      held.push(number++);
      await lab.advance(1000);
    }
    await lab.deliver(held.map((one) => shipped(lab, one)));
  }
  for (let i = 0; i < 60; i++) await lab.advance(1000);
  expect(await waitOf(lab, number)).toBeLessThan(20_000);
  await lab.stop();
});

test.each(['nothing', 'a restart', 'another name'])(
  'an outage with %s before it ends teaches nothing of waiting',
  async (between) => {
    const lab = await createLab({ startMs: 1_794_000_000_000 });
    // A flow without an id is named by the smallest of its trace ids. Here this is the trace of the
    // shipment, so the flow gets another name when the shipment arrives.
    const anonymous = (one: OtlpSpan): OtlpSpan => ({
      ...one,
      attributes: one.attributes.filter(
        (_, i) => !(one.attributes[i - (i % 2)] as string).startsWith('fermata.'),
      ),
    });
    const isRenamed = between === 'another name';
    const place = (i: number): OtlpSpan => (isRenamed ? anonymous(placed(lab, i)) : placed(lab, i));
    const ship = (i: number): OtlpSpan => {
      const one = isRenamed ? anonymous(shipped(lab, i)) : shipped(lab, i);
      return isRenamed ? { ...one, traceId: `0${one.traceId.slice(1)}` } : one;
    };
    for (let i = 0; i < 150; i++) {
      await lab.deliver([place(i), ship(i)]);
      await lab.advance(2000);
    }
    for (let i = 0; i < 30; i++) await lab.advance(10_000);
    for (let i = 150; i < 180; i++) await lab.deliver([place(i)]);
    for (let i = 0; i < 30; i++) await lab.advance(60_000);
    if (between === 'a restart') await lab.restart();
    for (let i = 150; i < 180; i++) await lab.deliver([ship(i)]);
    for (let i = 0; i < 120; i++) await lab.advance(60_000);
    await lab.deliver([place(999)]);
    await lab.advance(1000);
    const last = [...lab.flows.values()].find(({ flow }) =>
      flow.members.includes(place(999).traceId + place(999).spanId),
    );
    const [waiting] = last!.flow.waitingFor;
    expect(waiting!.stuckAt - waiting!.since).toBeLessThan(20_000);
    await lab.stop();
  },
);
