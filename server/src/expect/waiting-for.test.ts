import { expect, test } from 'vitest';
import { placed, shipped } from '../testing/expectations.ts';
import { attributes, createLab, type Flow, type Lab, type OtlpSpan } from '../testing/lab.ts';

/** Tests messages that a step sends a minute after its first span was received. */

const by = (service: string, span: OtlpSpan, part: string, more: Partial<OtlpSpan>): OtlpSpan => ({
  ...{ ...span, spanId: `${part}${span.spanId.slice(1)}` },
  resource: { attributes: attributes({ 'service.name': service }) },
  attributes: span.attributes.map((one) => (one === 'orders' ? 'shipments' : one)),
  ...more,
});
const flowOf = (lab: Lab, number: number): Flow =>
  [...lab.flows.values()].find(({ flow }) => flow.flowId === `order-${number}`)!.flow;
const taking = (lab: Lab, number: number): OtlpSpan => shipped(lab, number);
/** The warehouse sends the shipment, as part of the work `under`. */
const sending = (lab: Lab, number: number, under: OtlpSpan): OtlpSpan =>
  by('warehouse', placed(lab, number), 'c', {
    ...{ traceId: under.traceId, parentSpanId: under.spanId },
  });
/** The mailer takes the shipment. */
const mailing = (lab: Lab, number: number, { traceId, spanId }: OtlpSpan): OtlpSpan =>
  by('mailer', shipped(lab, number), 'd', {
    ...{ traceId: `d${traceId.slice(1)}`, links: [{ traceId, spanId, attributes: [] }] },
  });
const again = (span: OtlpSpan): OtlpSpan => ({ ...span, spanId: `e${span.spanId.slice(1)}` });

/** What is received first, and the span below which the message is sent a minute later. */
const CASES: Record<string, (lab: Lab, number: number) => [first: OtlpSpan, later: OtlpSpan[]]> = {
  'an attempt failed, and the next one sends it': (lab, number) => [
    { ...taking(lab, number), statusCode: 2 },
    [again(taking(lab, number))],
  ],
  'the message was delivered twice': (lab, number) => [
    taking(lab, number),
    [again(taking(lab, number))],
  ],
  'the span of the delivery ended before the work': (lab, number) => [taking(lab, number), []],
};

test.each(Object.entries(CASES))('%s: it waits since it was sent', async (_what, make) => {
  const lab = await createLab({ startMs: 1_794_000_000_000 });
  for (let i = 0; i < 250; i++) {
    const take = taking(lab, i);
    const send = sending(lab, i, take);
    await lab.deliver([placed(lab, i), take, send, mailing(lab, i, send)]);
    await lab.advance(1000);
  }
  for (let i = 0; i < 12; i++) await lab.advance(5000);
  const [first] = make(lab, 1000);
  await lab.deliver([placed(lab, 1000), first]);
  for (let i = 0; i < 12; i++) await lab.advance(5000);
  const [, later] = make(lab, 1000);
  const send = sending(lab, 1000, later[0] ?? first);
  await lab.deliver([...later, send]);
  for (let i = 0; i < 3; i++) {
    await lab.advance(1000);
    expect(flowOf(lab, 1000)).toMatchObject({ health: 'ok', waitingFor: [{ service: 'mailer' }] });
  }
  for (let i = 0; i < 4; i++) await lab.advance(5000);
  expect(flowOf(lab, 1000).health).toBe('stuck');
  await lab.deliver([mailing(lab, 1000, send)]);
  for (let i = 0; i < 12; i++) await lab.advance(5000);
  expect(flowOf(lab, 1000)).toMatchObject({ health: 'ok', idleOutcome: 'completed' });
  await lab.stop();
});
