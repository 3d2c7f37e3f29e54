import type { Hop, Flow, Status, Step } from '../model/flow.ts';
import { nanosFromMs } from '../model/time.ts';

/**
 * Generates flows of every kind for tests of searches. The flows are always the same for the same
 * arguments.
 */
export function someFlows(count: number, nowMs: number): Flow[] {
  let state = 42;
  const roll = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const pick = <T>(list: readonly T[]): T => list[Math.floor(roll() * list.length)]!;
  const STEPS = [
    'OrderPlaced',
    'ChargeCard',
    'PaymentCaptured',
    'ReserveStock',
    'ShipOrder',
    'RefundPayment',
    'mail 100%',
  ];
  const SERVICES = ['shop', 'payment', 'stock', 'shipping', 'email'];
  const statusOf: Status[] = [
    'active',
    'stuck',
    'late',
    'completed',
    'failed',
    'compensated',
    'cancelled',
  ];
  return Array.from({ length: count }, (_, i): Flow => {
    const id = `${i.toString(16).padStart(8, '0')}${'0'.repeat(24)}`;
    const startedMs = nowMs - Math.floor(roll() * 7_200_000) - 1000;
    const status = pick(statusOf);
    const ended = ['completed', 'failed', 'compensated', 'cancelled'].includes(status);
    let at = startedMs;
    const steps = Array.from({ length: 1 + Math.floor(roll() * 7) }, (_s, k): Step => {
      const start = at;
      at += 1 + Math.floor(roll() * (roll() < 0.1 ? 900_000 : 2000));
      const failed = roll() < 0.1;
      const attempts = 1 + (roll() < 0.1 ? Math.floor(roll() * 6) : 0);
      return {
        id: `${id.slice(0, 8)}-${k}`,
        typeKey: 'x',
        name: pick(STEPS),
        service: pick(SERVICES),
        serviceVersion: '',
        instance: `pod-${i % 3}`,
        kind: 'task',
        status: failed ? 'failed' : 'ok',
        result: null,
        attempts: Array.from({ length: attempts }, (_a, n) => ({
          number: n + 1,
          start: nanosFromMs(start),
          end: nanosFromMs(at),
          status: 'ok' as const,
          spanId: '',
          error: null,
        })),
        start: nanosFromMs(start),
        end: nanosFromMs(at),
        skewMs: 0,
        causedBy: [],
        compensates: null,
        compensatedBy: [],
        error: null,
        spanIds: [],
        traceId: id,
        shared: false,
        badges: [],
        receivedMs: at,
        endReceivedMs: at + i,
        failureReceivedMs: null,
        aliveMs: at,
        deadlineMs: null,
        itinerary: [],
        ...(i % 7 === 0 && { idle: [{ start: nanosFromMs(start), end: nanosFromMs(at) }] }),
      };
    });
    const hops = steps.slice(1).map((step, k): Hop => ({
      id: `${step.id}>`,
      message: {
        kind: 'event',
        type: roll() < 0.5 ? pick(['OrderPlaced', 'PaymentCaptured', 'Refunded']) : '',
        id: '',
        system: 'x',
        destination: pick(['orders', 'payments.q', 'dead_letter']),
      },
      from: steps[k]!.id,
      to: step.id,
      consumerGroup: null,
      state: 'delivered',
      attempts: 1,
      sendSpanId: null,
      receiveSpanId: null,
      sent: steps[k]!.start,
      received: step.start,
      returned: null,
      waitMs: Math.floor(roll() * 10_000),
      skewed: false,
      sync: roll() < 0.2,
      evidence: [],
      confidence: 1,
    }));
    const durationMs = at - startedMs;
    return {
      id,
      environment: pick(['', 'staging', 'production']),
      type: pick(['order-fulfilment', 'order-return', 'signup']),
      key: `${i % 500}`,
      run: 1 + (i % 50 === 0 ? 1 : 0),
      phase: ended ? 'ended' : 'open',
      outcome: ended ? (status as Flow['outcome']) : null,
      typeVersion: '',
      deadlineMs: null,
      expects: [],
      idleOutcome: null,
      health: status === 'stuck' || status === 'late' ? status : 'ok',
      status,
      statusSince: nanosFromMs(at),
      started: nanosFromMs(startedMs),
      lastProgress: nanosFromMs(at),
      ended: ended ? nanosFromMs(at) : null,
      durationMs,
      rawDurationMs: durationMs,
      failedSteps: steps.filter((step) => step.status === 'failed').length,
      services: [...new Set(steps.map((step) => step.service))].sort(),
      keys: [['customer', `c-${i % 97}`]],
      parentId: i % 10 === 0 ? 'parent-1' : null,
      incomplete: false,
      truncated: false,
      badges: roll() < 0.1 ? ['clock-skew'] : [],
      steps,
      hops,
      relations: [],
      unattributed: [],
      aliases: [],
      spanCount: steps.length * 2,
      members: [`${id.padStart(32, '0')}${'00'.padStart(16, '0')}`],
      context: [],
      flowId: `${i % 500}`,
      tokens: [],
      lastReceivedMs: at,
      waitingFor:
        status === 'stuck'
          ? [
              {
                id: 'x',
                afterStepId: null,
                hopId: null,
                step: pick(STEPS),
                service: pick(SERVICES),
                message: null,
                oneOf: [],
                certain: true,
                expectedAt: at,
                since: at,
                lateAt: at,
                stuckAt: at,
                basis: 'learned',
                absence: 'missing-step',
                probability: 1,
                samples: 1000,
                provisional: false,
              },
            ]
          : [],
      findings:
        status === 'stuck'
          ? [
              {
                key: 'x',
                incident: 'x',
                rule: pick(['missing-step', 'undelivered-message']),
                severity: 'critical',
                lasting: true,
                stepId: null,
                step: 'ShipOrder',
                service: 'shipping',
                place: null,
                since: at,
                summary: '',
                evidence: [],
              },
            ]
          : [],
      lookAtMs: null,
    };
  });
}

/** Queries that users of other tools asked for in the issue trackers of those tools. */
export const TWENTY_QUERIES = [
  'status:stuck',
  'missing:ShipOrder service:shop',
  'OrderPlaced !> PaymentCaptured within 15m',
  'OrderPlaced > PaymentCaptured within 5m',
  'retries>3 status:active',
  'type:order-* and not step:PaymentCaptured',
  'duration>5m -service:email',
  'failed:ChargeCard',
  'key:42',
  'quiet>30m (status:active or status:late)',
  'wait>9s message:orders',
  'finding:undelivered-message',
  'badge:clock-skew environment:production',
  'RefundPayment !> "mail 100%"',
  '(failed:ChargeCard or retries>3) and not outcome:compensated',
  'since:1h steps>=5',
  'parent:parent-1 run>1',
  '"c-9" type:signup',
  'ChargeCard > RefundPayment -status:compensated',
  'failures>1 health:stuck',
] as const;
