import type { Flow, Step } from '../../model/flow.ts';
import { msOf } from '../../model/time.ts';
import type { DigestStep } from '../learned/digest.ts';
import { wilson } from '../learned/outcome-sets.ts';

/**
 * Counts of the deliveries at a place (service, destination and consumer group) whose span ends
 * before the work begins: how many were followed by work (`met`) and how many were not. If work
 * usually follows, a delivery without work counts as still running. This is assumed from the first
 * observed work on, until history contradicts it.
 */
export interface Record {
  met: number;
  unmet: number;
}

const MIN_RECEIPTS = 20;
/**
 * If more than this share of the deliveries stays without work (by the lower bound of the interval
 * of `wilson`), the consumer is selective, and no work is expected.
 */
const RESTS = 0.05;

export const receiptKey = (place: string): string => `handled ${place}`;

export const workFollows = (record: Record): boolean =>
  record.met >= 1 &&
  (record.met + record.unmet < MIN_RECEIPTS ||
    wilson(record.unmet, record.met + record.unmet).lower < RESTS);

export const isUnhandled = ({ receipt }: Pick<DigestStep | Step, 'receipt'>): boolean =>
  receipt !== undefined && !receipt.isHandled;

/** Returns the flow with those deliveries shown as running steps whose work is still to come. */
export function withRunning(
  flow: Flow,
  isRunning: (place: string, startMs: number) => boolean,
): Flow {
  if (flow.phase === 'ended' || flow.badges.includes('sampled')) return flow;
  const waits = (step: Step): boolean =>
    isUnhandled(step) &&
    step.status !== 'failed' &&
    step.status !== 'running' &&
    isRunning(step.receipt!.place, msOf(step.start));
  if (!flow.steps.some(waits)) return flow;
  return {
    ...flow,
    idleOutcome: null,
    steps: flow.steps.map((step): Step =>
      waits(step)
        ? {
            ...step,
            status: 'running',
            result: null,
            end: null,
            attempts: [
              ...step.attempts.slice(0, -1),
              { ...step.attempts[step.attempts.length - 1]!, status: 'running', end: null },
            ],
          }
        : step,
    ),
  };
}
