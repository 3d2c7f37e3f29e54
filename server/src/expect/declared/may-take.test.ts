import { expect, test } from 'vitest';
import { definitionsFrom } from './schema.ts';
import type { OtlpSpan } from '../../model/otlp.ts';
import { createBench } from '../../testing/pipeline-bench.ts';

/**
 * Tests a step that takes its message from one of two destinations, `commands` or `events`. If
 * nobody takes the message, the destination to which it was sent is reported.
 */
test('a step that takes from several destinations is missed at each of them', async () => {
  const bench = await createBench({
    definitions: definitionsFrom({
      flows: {
        order: { steps: [{ name: 'place' }, { name: 'ship', after: 'place', within: '5s' }] },
      },
    }).definitions,
  });
  const { span } = bench;
  const within = (id: string): Partial<OtlpSpan> => ({
    traceId: id.padStart(32, '0'),
    parentSpanId: id.padStart(16, '0'),
  });
  const message = (operation: string, destination: string): string[] => [
    ...['messaging.system', 'nats', 'messaging.operation.type', operation],
    ...['messaging.destination.name', destination],
  ];
  const sent = (id: string, destination: string): OtlpSpan =>
    span(`${id}5`, { ...within(id), kind: 4, attributes: message('send', destination) });
  const shipped = (id: string, destination: string): OtlpSpan =>
    span(`${id}6`, {
      ...within(`${id}5`),
      traceId: id.padStart(32, '0'),
      kind: 5,
      attributes: [
        ...message('process', destination),
        ...['fermata.step.name', 'ship', 'fermata.flow.outcome', 'completed'],
      ],
    });
  for (const [id, destination] of [
    ['a1', 'commands'],
    ['a2', 'events'],
  ] as const) {
    await bench.deliver(span(id), sent(id, destination), shipped(id, destination));
    await bench.advance(3000);
  }
  await bench.deliver(span('a3'), sent('a3', 'events'));
  await bench.advance(7000);
  const row = [...bench.store.flows.values()].find(({ flow }) => flow.flowId === 'a3')!;
  expect(row.flow.findings.map(({ rule, place }) => [rule, place])).toEqual([
    ['undelivered-message', 'events'],
  ]);
  await bench.pipeline.stop();
});
