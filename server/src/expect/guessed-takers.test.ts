import { expect, test } from 'vitest';
import { createLab, type Lab, type OtlpSpan } from '../testing/lab.ts';
import { placed, shipped } from '../testing/expectations.ts';

/**
 * Tests flows that only a flow id joins: who took a message is a guess from its place, where there
 * is but one message and one delivery. Such guesses show nothing about other messages.
 */
const alone = (span: OtlpSpan, more: Partial<OtlpSpan> = {}): OtlpSpan => ({
  ...span,
  links: [],
  ...more,
});
const again = (span: OtlpSpan): OtlpSpan => ({ ...span, spanId: `e${span.spanId.slice(1)}` });
const CASES: Record<string, (lab: Lab, number: number) => OtlpSpan[]> = {
  'two messages and two deliveries': (lab, n) => {
    const [send, taking] = [placed(lab, n), alone(shipped(lab, n))];
    return [send, again(send), taking, again(taking)];
  },
  'one message that was delivered twice': (lab, n) => {
    const taking = alone(shipped(lab, n));
    return [placed(lab, n), taking, again(taking)];
  },
  'a delivery whose clock is behind': (lab, n) => [
    placed(lab, n),
    alone(shipped(lab, n), { start: placed(lab, n - 1).start }),
  ],
};

test.each(Object.keys(CASES))(
  'nothing is missed where nobody knows who took what: %s',
  async (name) => {
    const lab = await createLab({ startMs: 1_794_000_000_000 });
    for (let i = 0; i < 250; i++) {
      await lab.deliver([placed(lab, i), alone(shipped(lab, i))]);
      await lab.advance(1000);
    }
    await lab.deliver(CASES[name]!(lab, 1000));
    for (let i = 0; i < 60; i++) await lab.advance(5000);
    const { flow } = [...lab.flows.values()].find(({ flow }) => flow.flowId === 'order-1000')!;
    expect(flow).toMatchObject({ findings: [], waitingFor: [], idleOutcome: 'completed' });
    await lab.stop();
  },
);
