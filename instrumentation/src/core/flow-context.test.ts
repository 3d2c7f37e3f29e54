import { expect, test } from 'vitest';
import { publishEvent, startFlow, type Flow } from '../index.ts';
import { recordTelemetry } from '../testing/telemetry.ts';

const { spans } = recordTelemetry();
test('a flow’s id that is a number is its text, wherever it goes; one without an id is none', () => {
  const carried = (flow: object): unknown =>
    startFlow(flow as Flow, () =>
      publishEvent(
        { type: 'T', destination: 'd', system: 's' },
        (headers) => headers['fermata-flow-id'] ?? 'none',
      ),
    );
  expect([carried({ id: 42 }), carried({ id: 42n, type: 7 })]).toEqual(['42', '42']);
  expect(spans().map(({ attributes }) => attributes['fermata.flow.id'])).toEqual(['42', '42']);
  for (const id of ['', undefined, null, Symbol('x'), {}]) expect(carried({ id })).toBe('none');
});
