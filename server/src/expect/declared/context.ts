import type { WaitingFor } from '../../model/expectation.ts';
import type { Flow, Step } from '../../model/flow.ts';
import { msOf } from '../../model/time.ts';
import type { BehindMs } from '../learned/digest.ts';
import { MAX_WAITING, expectedSince, waitingFor } from '../waiting-for.ts';
import type { MayTake } from './may-take.ts';
import { endMsOf, performersIn, type Performers } from './performers.ts';

/** What expectations of a flow depend on besides the flow and its definition. */
export interface Known {
  /** Minimum time that a flow must have waited to count as stuck, ms. */
  floorMs: number;
  /** Returns how long after its start a step of this name is received, ms. */
  lagMs: (step: string) => number;
  mayTake: MayTake;
  behindMs: BehindMs;
}

/** Start of the flow and its deadline (null if it has none), in ms since 1970. */
export interface Beginning {
  atMs: number;
  byMs: number | null;
}

type Missing = Pick<WaitingFor, 'id' | 'step' | 'service' | 'afterStepId' | 'since'> &
  Partial<WaitingFor>;

/** The state of one evaluation of a flow against what was declared. */
export interface DeclaredContext {
  flow: Flow;
  known: Known;
  performers: Performers;
  beginning: Beginning;
  /** Returns when a step ended, or when it began if it is still running, in ms since 1970. */
  since: (step: Step) => number;
  /**
   * Adds an expectation that is due at `byMs` (ms since 1970), unless the flow already has
   * `MAX_WAITING` expectations.
   */
  expect: (missing: Missing, byMs: number) => void;
  /** The expectations added so far, in the order in which they were added. */
  readonly found: readonly WaitingFor[];
}

/**
 * Time limit, ms, of an expectation that declares no deadline, and of each stop of a routing slip.
 */
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
        : expectedSince({ behindMs, receivedMs: step.endReceivedMs }, endMsOf(step));
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

/**
 * Returns when the flow began, and its declared deadline. If the clock of the service that started
 * the flow is behind, both times are corrected for that.
 */
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
