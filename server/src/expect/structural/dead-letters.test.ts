import { expect, test } from 'vitest';
import { unixNanos } from '../../model/time.ts';
import { attributes, createLab, type Flow, type Lab, type OtlpSpan } from '../../testing/lab.ts';

const span = (
  lab: Lab,
  number: number,
  [id, parent, service, operation, place]: [string, string, string, string, string],
  over: Partial<OtlpSpan> = {},
): OtlpSpan => ({
  ...{ resource: { attributes: attributes({ 'service.name': service }) }, scopeName: '' },
  ...{ traceId: number.toString(16).padStart(32, 'a'), traceState: '', flags: 1 },
  ...{ spanId: id.padStart(16, '0'), parentSpanId: parent && parent.padStart(16, '0') },
  ...{ name: `${place} ${operation}`, kind: operation === 'send' ? 4 : 5 },
  start: unixNanos(BigInt(lab.clock.now() + Number(id) * 10) * 1_000_000n),
  end: unixNanos(BigInt(lab.clock.now() + Number(id) * 10 + 5) * 1_000_000n),
  attributes: attributes({
    'messaging.system': 'kafka',
    'messaging.operation.type': operation,
    'messaging.destination.name': place,
  }),
  ...{ events: [], links: [], statusCode: 0, statusMessage: '', ...over },
});
/**
 * Builds a message that its handler gives up by sending a dead letter. `isFiled` tells whether
 * somebody takes the dead letter.
 */
const givenUp = (lab: Lab, number: number, isFiled: boolean): OtlpSpan[] => [
  span(lab, number, ['1', '', 'shop', 'send', 'mail']),
  span(lab, number, ['2', '1', 'mail', 'process', 'mail'], { statusCode: 2 }),
  span(lab, number, ['3', '2', 'mail', 'send', 'mail.dlq']),
  ...(isFiled ? [span(lab, number, ['4', '3', 'filing', 'process', 'mail.dlq'])] : []),
];
const flowOf = (lab: Lab, number: number): Flow =>
  [...lab.flows.values()].find(({ flow }) => flow.id === number.toString(16).padStart(32, 'a'))!
    .flow;

test('a dead letter is awaited where somebody takes dead letters, and nowhere else', async () => {
  const lab = await createLab({ startMs: 1_794_000_000_000 });
  const rest = async (seconds: number): Promise<void> => {
    for (let i = 0; i < seconds; i += 5) await lab.advance(5000);
  };
  await lab.deliver(givenUp(lab, 1, false));
  await rest(60);
  expect(flowOf(lab, 1)).toMatchObject({ idleOutcome: 'failed', waitingFor: [] });
  expect(flowOf(lab, 1).badges).toContain('no-known-consumer');
  for (let number = 2; number < 30; number++) {
    await lab.deliver(givenUp(lab, number, true));
    await lab.advance(1000);
  }
  await rest(60);
  await lab.deliver(givenUp(lab, 30, false));
  await rest(120);
  expect(flowOf(lab, 30).hops.map(({ state }) => state)).toEqual(['delivered', 'dead-lettered']);
  expect(flowOf(lab, 30).findings.map(({ rule }) => rule)).toContain('undelivered-message');
  await lab.stop();
});
