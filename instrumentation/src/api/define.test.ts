import { expect, test } from 'vitest';
import { recordTelemetry } from '../testing/telemetry.ts';
import { defineFlow } from './define.ts';

const { milestones } = recordTelemetry();

test('a definition is sent as an entry of the file of definitions', () => {
  const definition = { within: '15m', steps: [{ name: 'charge' }, { oneOf: ['ship', 'refund'] }] };
  defineFlow('order', definition);
  const { eventName, attributes } = milestones.getFinishedLogRecords()[0]!;
  expect(eventName).toBe('fermata.flow.defined');
  expect(JSON.parse(attributes['fermata.flow.definition'] as string)).toEqual({
    flows: { order: definition },
  });
});
