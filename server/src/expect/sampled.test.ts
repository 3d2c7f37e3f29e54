import { expect, test } from 'vitest';
import { unixNanos } from '../model/time.ts';
import { attributes, createLab, type Lab, type OtlpSpan } from '../testing/lab.ts';

/** An order, and its shipping if it comes; `traceState` as OpenTelemetry's samplers write it. */
const startMs = 1_794_000_000_000;
const order = (lab: Lab, number: number, ships: boolean, traceState: string): OtlpSpan[] => {
  const resource = (name: string) => ({ attributes: attributes({ 'service.name': name }) });
  const traceId = (part: string): string => `${part}${number.toString(16).padStart(31, '0')}`;
  const span = (part: string, service: string, offsetMs: number, more: Partial<OtlpSpan>): OtlpSpan => ({
    resource: resource(service),
    scopeName: '',
    traceId: traceId(part),
    spanId: `${part}${number.toString(16).padStart(15, '0')}`,
    parentSpanId: '',
    traceState,
    flags: 1,
    name: `${service} work`,
    kind: 4,
    start: unixNanos(BigInt(lab.clock.now() + offsetMs) * 1_000_000n),
    end: unixNanos(BigInt(lab.clock.now() + offsetMs + 5) * 1_000_000n),
    attributes: [],
    events: [],
    links: [],
    statusCode: 0,
    statusMessage: '',
    ...more,
  });
  const messaging = (operation: string) =>
    attributes({
      'messaging.system': 'bus',
      'messaging.operation.type': operation,
      'messaging.destination.name': 'orders',
      'fermata.flow.id': `order-${number}`,
      'fermata.flow.type': 'order',
    });
  const sent = span('a', 'shop', 0, { attributes: messaging('send') });
  const shipped = span('b', 'warehouse', 50, {
    kind: 5,
    attributes: messaging('process'),
    links: [{ traceId: sent.traceId, spanId: sent.spanId, attributes: [] }],
  });
  return ships ? [sent, shipped] : [sent];
};

test('what was sampled by chance owes nothing and teaches nothing; a threshold of none is no sampling', async () => {
  const lab = await createLab({ startMs });
  const stuck = async (number: number, traceState: string): Promise<string[]> => {
    await lab.deliver(order(lab, number, false, traceState));
    for (let i = 0; i < 40; i++) await lab.advance(5000);
    const row = [...lab.flows.values()].find(({ flow }) => flow.flowId === `order-${number}`)!;
    return row.flow.findings.map((finding) => finding.rule);
  };
  for (let i = 0; i < 150; i++) {
    await lab.deliver(order(lab, i, true, ''));
    await lab.advance(1000);
  }
  for (let i = 0; i < 10; i++) await lab.advance(10_000);
  expect(await stuck(1000, '')).toEqual(['undelivered-message']);
  expect(await stuck(1001, 'ot=th:8')).toEqual([]);
  expect(await stuck(1002, 'vendor=x,ot=rv:1234;th:c')).toEqual([]);
  expect(await stuck(1003, 'ot=th:0')).toEqual(['undelivered-message']);
  await lab.stop();
});
