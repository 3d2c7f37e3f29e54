import { expect, test } from 'vitest';
import { attributes, createLab, type Flow, type Lab, type OtlpSpan } from '../../testing/lab.ts';
import { placed, shipped } from '../../testing/expectations.ts';

const flowOf = (lab: Lab, number: number): Flow =>
  [...lab.flows.values()].find(({ flow }) => flow.flowId === `order-${number}`)!.flow;
const rest = async (lab: Lab, seconds: number): Promise<void> => {
  for (let i = 0; i < seconds; i += 5) await lab.advance(5000);
};

test('what waits where nobody was ever seen to take anything holds nothing back, and says so', async () => {
  const lab = await createLab({ startMs: 1_794_000_000_000 });
  await lab.deliver([placed(lab, 1)]);
  await rest(lab, 60);
  expect(flowOf(lab, 1)).toMatchObject({ idleOutcome: 'completed', health: 'ok', waitingFor: [] });
  expect(flowOf(lab, 1).badges).toContain('no-known-consumer');
  await lab.stop();
});

test('what was sent since somebody takes from there waits for him; what was sent before may never have been his', async () => {
  const lab = await createLab({ startMs: 1_794_000_000_000 });
  await lab.deliver([placed(lab, 1)]);
  await rest(lab, 60);
  const taker = placed(lab, 2);
  await lab.advance(1000);
  // Order 3 is evaluated while no consumer of its message is known.
  await lab.deliver([placed(lab, 3)]);
  await rest(lab, 60);
  expect(flowOf(lab, 3)).toMatchObject({ idleOutcome: 'completed', waitingFor: [] });
  await lab.deliver([taker, shipped(lab, 2)]);
  await rest(lab, 240);
  expect(flowOf(lab, 3).findings.map(({ rule, service }) => [rule, service])).toEqual([
    ['undelivered-message', 'warehouse'],
  ]);
  expect(flowOf(lab, 1)).toMatchObject({ idleOutcome: 'completed', waitingFor: [] });
  // Once its message is taken after all, the flow is complete like the others.
  await lab.deliver([shipped(lab, 3)]);
  await rest(lab, 60);
  expect(flowOf(lab, 3)).toMatchObject({ health: 'ok', idleOutcome: 'completed', waitingFor: [] });
  await lab.stop();
});

test('flows whose message nobody took teach no ending: the next loss is found as soon as it is known who takes it', async () => {
  const lab = await createLab({ startMs: 1_794_000_000_000 });
  let number = 0;
  for (; number < 140; number++) {
    await lab.deliver([placed(lab, number)]);
    await lab.advance(1000);
  }
  await rest(lab, 120);
  for (; number < 300; number++) {
    await lab.deliver([placed(lab, number), shipped(lab, number)]);
    await lab.advance(1000);
  }
  await rest(lab, 60);
  await lab.deliver([placed(lab, number)]);
  await rest(lab, 40);
  expect(flowOf(lab, number).findings.map(({ rule }) => rule)).toEqual(['undelivered-message']);
  await lab.stop();
});

test('a flow that waits before a restart is judged again after it, once more is known', async () => {
  const lab = await createLab({ startMs: 1_794_000_000_000 });
  for (let i = 0; i < 12; i++) await lab.deliver([placed(lab, i), shipped(lab, i)]);
  await rest(lab, 60);
  await lab.deliver([placed(lab, 50)]);
  await rest(lab, 120);
  expect(flowOf(lab, 50).health).toBe('stuck');
  await lab.restart();
  // From now on the warehouse is selective: it ignores most orders.
  for (let i = 100; i < 200; i++) {
    await lab.deliver([placed(lab, i), ...(i % 4 === 0 ? [shipped(lab, i)] : [])]);
    await lab.advance(2000);
  }
  await rest(lab, 200);
  expect(flowOf(lab, 50).health).toBe('ok');
  await lab.stop();
});

test('a new version that leaves out a step: its first flows are missed, and judged again once that is known', async () => {
  const lab = await createLab({ startMs: 1_794_000_000_000 });
  const of = (version: string, span: OtlpSpan): OtlpSpan => ({
    ...span,
    resource: { attributes: attributes({ 'service.name': 'shop', 'service.version': version }) },
  });
  /** The shop of version 1 sends a receipt, too, which the warehouse files. */
  const order = (number: number, version: string): OtlpSpan[] => {
    const [place, taking] = [of(version, placed(lab, number)), shipped(lab, number)];
    if (version === '2') return [place, taking];
    const to = (span: OtlpSpan, spanId: string, more: Partial<OtlpSpan>): OtlpSpan => ({
      ...{ ...span, ...more, spanId },
      attributes: span.attributes.map((one) => (one === 'orders' ? 'receipts' : one)),
    });
    const receipt = to(place, `c${place.spanId.slice(1)}`, { parentSpanId: place.spanId });
    const links = [{ traceId: receipt.traceId, spanId: receipt.spanId, attributes: [] }];
    const filing = to(taking, `d${taking.spanId.slice(1)}`, {
      ...{ traceId: `d${taking.traceId.slice(1)}`, links },
    });
    return [place, taking, receipt, filing];
  };
  const statuses: string[] = [];
  for (let i = 0; i < 700; i++) {
    await lab.deliver(order(i, i >= 200 && i % 4 === 0 ? '2' : '1'));
    await lab.advance(2000);
    if (i === 230) statuses.push(...[200, 204, 208].map((n) => flowOf(lab, n).status));
  }
  await rest(lab, 60);
  expect(statuses).toContain('stuck');
  const open = [...lab.flows.values()].filter(({ flow }) => flow.idleOutcome !== 'completed');
  expect(open.map(({ flow }) => flow.flowId)).toEqual([]);
  await lab.stop();
});
