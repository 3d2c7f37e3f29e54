import { expect, test } from 'vitest';
import type { OtlpSpan } from '../model/otlp.ts';
import { unixNanos } from '../model/time.ts';
import { attributes, createLab, type Lab } from '../testing/lab.ts';

const START = 1_700_000_000_000;
const HISTORY = { 'fermata.imported': 'true' };

/**
 * Returns the spans of a flow that sends a message. The message is consumed if `isTaken` is true.
 */
function flow(number: number, resource: Record<string, string>, isTaken: boolean): OtlpSpan[] {
  const traceId = number.toString(16).padStart(32, '0');
  const one = (id: number, kind: number, operation: string, atMs: number): OtlpSpan => ({
    ...{ traceId, spanId: id.toString(16).padStart(16, '0'), kind, name: operation, scopeName: '' },
    resource: { attributes: attributes({ 'service.name': operation, ...resource }) },
    parentSpanId: id === 1 ? '' : (id - 1).toString(16).padStart(16, '0'),
    ...{ traceState: '', flags: 0, events: [], links: [], statusCode: 0, statusMessage: '' },
    start: unixNanos(BigInt(START + number * 100 + atMs) * 1_000_000n),
    end: unixNanos(BigInt(START + number * 100 + atMs + 1) * 1_000_000n),
    attributes: attributes({
      ...{ 'messaging.system': 'kafka', 'messaging.destination.name': 'orders' },
      ...{ 'messaging.operation.type': operation, 'fermata.flow.id': `order-${number}` },
      'fermata.flow.type': 'order',
    }),
  });
  return [one(1, 4, 'send', 0), ...(isTaken ? [one(2, 5, 'process', 5)] : [])];
}

async function history(lab: Lab, resource: Record<string, string>): Promise<void> {
  for (let i = 1; i <= 150; i++) {
    await lab.deliver(flow(i, resource, true));
    await lab.advance(1000);
  }
  await lab.deliver(flow(151, resource, false));
  await lab.advance(3_600_000);
}

const findings = (lab: Lab): string[] =>
  [...lab.flows.values()].flatMap(({ flow: one }) => one.findings.map(({ rule }) => rule));

test('flows that are imported teach nothing, wait for nothing and have no findings', async () => {
  const lab = await createLab({ startMs: START });
  await history(lab, HISTORY);
  expect(lab.flows.size).toBe(151);
  for (const { flow: one } of lab.flows.values()) {
    expect(one.badges).toContain('imported');
    expect([one.waitingFor, one.findings, one.lookAtMs]).toEqual([[], [], null]);
  }
  expect(lab.learned('order')).toBeUndefined();
  await lab.stop();
});

test('the same flows do all of that when they are not marked', async () => {
  const lab = await createLab({ startMs: START });
  await history(lab, {});
  expect(findings(lab)).toEqual(['undelivered-message']);
  expect(lab.learned('order')).toBeDefined();
  await lab.stop();
});

test('a restart changes none of it, and a live span of the flow does', async () => {
  const lab = await createLab({ startMs: START });
  await lab.deliver(flow(1, HISTORY, false));
  await lab.restart();
  await lab.advance(3_600_000);
  expect(findings(lab)).toEqual([]);
  const [, taken] = flow(1, {}, true);
  await lab.deliver([taken!]);
  await lab.advance(1000);
  const [{ flow: one }] = lab.flows.values() as unknown as [{ flow: { badges: string[] } }];
  expect(one.badges).not.toContain('imported');
  await lab.stop();
});
