import type { WaitingFor } from '../../model/expectation.ts';
import type { Flow, Step } from '../../model/flow.ts';
import { msOf } from '../../model/time.ts';
import type { BehindMs } from '../learned/digest.ts';
import { MAX_WAITING, expectedSince, waitingFor } from '../waiting-for.ts';
import type { MayTake } from './may-take.ts';
import { endMsOf, performersIn, type Performers } from './performers.ts';

/** What is known besides the flow and its definition. */
export interface Known {
  /** Nothing is stuck sooner, ms. */
  floorMs: number;
  /** How much later than it happens a step is seen. */
  lagMs: (step: string) => number;
  mayTake: MayTake;
  behindMs: BehindMs;
}

/** When the flow began, and when it should have ended, ms. */
export interface Beginning {
  atMs: number;
  byMs: number | null;
}

type Missing = Pick<WaitingFor, 'id' | 'step' | 'service' | 'afterStepId' | 'since'> &
  Partial<WaitingFor>;

/** One flow while it is asked what of the declared it still owes. */
export interface DeclaredContext {
  flow: Flow;
  known: Known;
  performers: Performers;
  beginning: Beginning;
  /** Since when a step is done, or runs, ms. */
  since: (step: Step) => number;
  /** Adds one that is expected by then, unless too many are said of the flow already. */
  expect: (missing: Missing, byMs: number) => void;
  /** What was added, in that order. */
  readonly found: readonly WaitingFor[];
}

/** A message without a time of its own is given this much, as is a stop of a routing slip. */
export const UNTIMED_MS = 600_000;

export function createDeclaredContext(flow: Flow, known: Known): DeclaredContext {
  const found: WaitingFor[] = [];
  return {
    flow,
    known,
    performers: performersIn(flow),
    beginning: beginningOf(flow, known),
    since(step) {
      const behindMs = known.behindMs(step);
      return step.status === 'running'
        ? expectedSince({ behindMs, receivedMs: step.receivedMs }, msOf(step.start))
        : expectedSince({ behindMs, receivedMs: step.endHeardMs }, endMsOf(step));
    },
    expect(missing, byMs) {
      if (found.length >= MAX_WAITING) return;
      const stuckAt = Math.max(missing.since + known.floorMs, byMs) + known.lagMs(missing.step);
      found.push(
        waitingFor({
          expectedAt: byMs,
          stuckAt,
          basis: 'declared',
          absence: 'missing-step',
          ...missing,
        }),
      );
    },
    found,
  };
}

/** Whoever started the flow said when it should end. */
function beginningOf(flow: Flow, known: Known): Beginning {
  const first = flow.steps.find((step) => step.start === flow.started);
  const behindMs = first === undefined ? 0 : known.behindMs(first);
  return {
    atMs: expectedSince(
      { behindMs, receivedMs: first?.receivedMs ?? Infinity },
      msOf(flow.started),
    ),
    byMs: flow.deadlineMs === null ? null : flow.deadlineMs + behindMs,
  };
}
