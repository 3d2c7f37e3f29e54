import { expect, test } from 'vitest';
import { completeFlow, startFlow, step } from '../index.ts';
import { recordTelemetry } from '../testing/telemetry.ts';

const { milestones, spans } = recordTelemetry();
test('a milestone says when by the clock of spans: a flow ends within its last step', () => {
  for (let i = 0; i < 5; i++)
    startFlow({ id: 'order-7' }, () =>
      step('last', () => {
        for (const from = performance.now(); performance.now() < from + 0.3;);
        completeFlow();
      }),
    );
  const ends = milestones
    .getFinishedLogRecords()
    .filter(({ eventName }) => eventName === 'fermata.flow.completed');
  const micros = ([seconds, nanos]: [number, number]): number => seconds * 1e6 + nanos / 1e3;
  expect(ends).toHaveLength(5);
  for (const [i, end] of ends.entries()) {
    const { startTime, endTime } = spans()[i]!;
    expect(micros(end.hrTime)).toBeGreaterThanOrEqual(micros(startTime) + 200);
    expect(micros(end.hrTime)).toBeLessThanOrEqual(micros(endTime) + 1);
  }
});
