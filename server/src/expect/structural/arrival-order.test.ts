import { describe, expect, test } from 'vitest';
import { unixNanos } from '../../model/time.ts';
import { createLab, type Flow, type Lab, type OtlpSpan } from '../../testing/lab.ts';
import { placed, received, shipped } from '../../testing/expectations.ts';

/**
 * The first flows of a system get the same verdict in whatever order they arrive, even if each has
 * ended before the next one arrives.
 */
const flowOf = (lab: Lab, number: number): Flow =>
  [...lab.flows.values()].find(({ flow }) => flow.flowId === `order-${number}`)!.flow;
const waiting = (lab: Lab, count: number): string[] =>
  Array.from({ length: count }, (_, i) => flowOf(lab, i)).flatMap((flow) =>
    flow.waitingFor.map(({ absence }) => `${flow.flowId} ${absence}`),
  );

/** Returns spans as if a second message to the same destination had been sent and taken. */
const second = (span: OtlpSpan): OtlpSpan => ({
  ...span,
  spanId: `e${span.spanId.slice(1)}`,
  start: unixNanos(BigInt(span.start) + 20_000_000n),
  end: unixNanos(BigInt(span.end) + 20_000_000n),
  links: span.links.map((link) => ({ ...link, spanId: `e${link.spanId.slice(1)}` })),
});
/** Delivers four flows one second apart, in the given order, each of them after the one before. */
const judgedIn = async (
  order: readonly number[],
  spansOf: (lab: Lab, number: number) => OtlpSpan[],
): Promise<string[]> => {
  const lab = await createLab({ startMs: 1_794_000_000_000 });
  const flows: OtlpSpan[][] = [];
  for (let number = 0; number < order.length; number++) {
    flows.push(spansOf(lab, number));
    await lab.advance(1000);
  }
  for (const number of order) {
    await lab.deliver(flows[number]!);
    for (let i = 0; i < 9; i++) await lab.advance(5000);
  }
  const found = waiting(lab, order.length);
  await lab.stop();
  return found;
};
const ORDERS = [
  [0, 1, 2, 3],
  [3, 2, 1, 0],
  [2, 0, 3, 1],
];

describe.each(ORDERS)('arrival in the order %i, %i, %i, %i', (...order) => {
  test.each([1, 2, 3])('the message of flow %i that nobody took is missed', async (lost) => {
    const found = await judgedIn(order, (lab, number) => [
      placed(lab, number),
      ...(number === lost ? [] : [shipped(lab, number)]),
    ]);
    expect(found).toEqual([`order-${lost} undelivered-message`]);
  });
  test('and so are the second message of flow 2 and the first of flow 3', async () => {
    const found = await judgedIn(order, (lab, number) => {
      const [one, other] = [placed(lab, number), second(placed(lab, number))];
      if (number === 3) return [one];
      const took = shipped(lab, number);
      return number === 2 ? [one, other, took] : [one, other, took, second(took)];
    });
    expect(found).toEqual(['order-2 undelivered-message', 'order-3 undelivered-message']);
  });
  test('what was sent before anybody is known to take is not missed', async () => {
    const found = await judgedIn(order, (lab, number) => [
      placed(lab, number),
      ...(number === 0 ? [] : [shipped(lab, number)]),
    ]);
    expect(found).toEqual([]);
  });
  test.each([
    [0, []],
    [1, ['order-1 lost-step']],
    [2, ['order-2 lost-step']],
    [3, ['order-3 lost-step']],
  ])(
    'the delivery of flow %i without work hangs if work followed earlier ones',
    async (hung, told) => {
      const found = await judgedIn(order, (lab, number) => [
        placed(lab, number),
        ...received(lab, number, number !== hung),
      ]);
      expect(found).toEqual(told);
    },
  );
});
