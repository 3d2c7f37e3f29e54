import { expect, test } from 'vitest';
import type { SpanSketch } from '../testing/builders.ts';
import { flowsOf } from '../testing/correlator-harness.ts';

/**
 * Tests which span decides whether a delivery failed: the delivery's span if it ended after the
 * work below it, otherwise the span of the same service that ended later.
 */
const at = (start: number, ms: number, over: Partial<SpanSketch> = {}): Partial<SpanSketch> => ({
  at: start,
  ms,
  ...over,
});
const failed = { failed: true };
/**
 * Builds a delivery and the work below it, each span a child of the one before. Returns how the
 * step and the flow ended.
 */
const handled = (...spans: Partial<SpanSketch>[]): unknown => {
  const [flow] = flowsOf(
    { trace: 'a1', id: '1', role: 'send', service: 'shop' },
    ...spans.map((over, i): SpanSketch => ({
      trace: 'b1',
      id: `${i + 2}`,
      service: 'pay',
      ...(i === 0 ? { role: 'process', links: ['a1/1'] } : { parent: `${i + 1}` }),
      ...over,
    })),
  );
  const step = flow!.steps.find(({ service }) => service === 'pay')!;
  return [step.status, flow!.idleOutcome, flow!.failedSteps];
};
const FAILED = ['failed', 'failed', 1];
const OK = ['ok', 'completed', 0];

test.each([
  ['work that outlives a delivery of a microsecond', [at(50, 0.001), at(51, 30, failed)], FAILED],
  ['work that begins in the same instant', [at(50, 0), at(50, 0.3, failed)], FAILED],
  ['work that began within it, and ended later', [at(50, 40), at(60, 40, failed)], FAILED],
  ['work below a poll that has ended', [at(50, 0, { role: 'receive' }), at(51, 9, failed)], FAILED],
  [
    'work below work that outlived the delivery',
    [at(50, 0), at(51, 2), at(52, 20, failed)],
    FAILED,
  ],
  ['the delivery itself, before sound work', [at(50, 0, failed), at(51, 30)], FAILED],
  ['a result that says so', [at(50, 0), at(51, 30, { step: { result: 'failure' } })], FAILED],
  ['an error that the handler outlived', [at(50, 100), at(60, 20, failed)], OK],
  ['an error that ended with the handler', [at(50, 100), at(60, 90, failed)], OK],
  ['an error that the work outlived', [at(50, 0), at(51, 30), at(52, 5, failed)], OK],
  [
    'an error less than a cut millisecond after the handler',
    [at(50, 100), at(60, 90.6, failed)],
    OK,
  ],
  ['the same by a clock that cuts nothing', [at(50.1, 100), at(60.2, 90.6, failed)], FAILED],
  [
    'an error of a service that was called',
    [at(50, 0), at(51, 30, { ...failed, service: 'bank' })],
    null,
  ],
])('%s', (_what, spans, outcome) => {
  if (outcome !== null) expect(handled(...spans)).toEqual(outcome);
  // The step of the called service failed, the delivery did not.
  else expect(handled(...spans)).toEqual(['ok', 'failed', 1]);
});

test('the error that is told is that of the work', () => {
  const [flow] = flowsOf(
    { trace: 'a1', id: '1', role: 'process', service: 'pay', at: 50, ms: 0 },
    { trace: 'a1', id: '2', parent: '1', service: 'pay', at: 51, ms: 30, failed: true },
  );
  expect(flow!.steps[0]).toMatchObject({
    error: { type: 'Error', message: 'failed' },
    attempts: [{ status: 'failed', error: { message: 'failed' } }],
    failureReceivedMs: expect.any(Number) as number,
  });
});
