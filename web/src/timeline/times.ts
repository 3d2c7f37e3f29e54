import type { Flow, Step, WaitingFor } from '@fermata/server/contract';
import { createScale, type Interval, type Scale } from './scale.ts';

/** Width of a ghost as a share of the work, because the step's duration is unknown. */
const GHOST_SHARE = 0.08;
const MAX_GHOSTS = 8;
/**
 * Shares of the width: an idle stretch is folded to FOLDED, many to MAX_FOLDED together, the open
 * wait to OPEN_WAIT.
 */
const FOLDED = 0.12;
const MAX_FOLDED = 0.3;
const OPEN_WAIT = 0.18;

/**
 * Converts an instant to ms since another one, exact to the microsecond. It parses the digits,
 * because an open flow of thousands of steps is laid out every second, and a BigInt for each
 * instant took longer than all the rest.
 */
export function msSince(origin: string): (nanos: string) => number {
  const [ms, ns] = [Number(origin.slice(0, -6)), Number(origin.slice(-6))];
  return (nanos) => Number(nanos.slice(0, -6)) - ms + (Number(nanos.slice(-6)) - ns) / 1e6;
}

/** Times of a flow's steps and of what it waits for, in ms since its start. */
export interface Times {
  /** Converts an instant. */
  since: (nanos: string) => number;
  /** Interval of each step. */
  spans: Interval[];
  ghosts: (Interval & { waiting: WaitingFor })[];
  /** End of the last step. */
  worked: number;
  nowMs: number;
  open: boolean;
  /** End of all that is laid out: for an open flow at least now, and the end of the last ghost. */
  total: number;
}

export function timesOf(flow: Flow, atMs: number): Times {
  const since = msSince(flow.startedAtUnixNano);
  const nowMs = since(`${atMs}000000`);
  const endOf = (step: Step): number =>
    step.endUnixNano === null ? nowMs : since(step.endUnixNano);
  const spans = flow.steps.map((step): Interval => {
    const from = since(step.startUnixNano);
    return { from, to: Math.max(from, endOf(step)) };
  });
  const worked = Math.max(0.001, ...spans.map((span) => span.to));
  const open = flow.phase !== 'ended';
  const ghostMs = workOf(spans) * GHOST_SHARE;
  const ghosts = flow.waitingFor
    .filter(
      (waiting) =>
        !flow.steps.some((step) => step.id === waiting.afterStepId && step.status === 'running'),
    )
    .slice(0, MAX_GHOSTS)
    .map((waiting) => {
      const from = Math.max(0, since(`${Date.parse(waiting.expectedAt)}000000`));
      return { waiting, from, to: from + ghostMs };
    });
  const total = Math.max(worked, open ? nowMs : 0, ...ghosts.map((ghost) => ghost.to));
  return { since, spans, ghosts, worked, nowMs, open, total };
}

/** Makes the scale of a window, or of the whole flow. */
export function scaleOf(times: Times, window: Interval | null, fold: boolean): Scale {
  const { spans, ghosts, worked, nowMs, open, total } = times;
  // Now is a point of its own, so that the wait until now is one stretch and the time after it
  // another.
  const busy = [...spans, ...ghosts, ...(open ? [{ from: nowMs, to: nowMs }] : [])];
  const scaled = (folded: number): Scale =>
    createScale(busy, window ?? { from: 0, to: total }, ({ from, to }) => {
      if (!fold) return Infinity;
      return open && from >= worked && to <= nowMs ? OPEN_WAIT : folded;
    });
  const roomy = scaled(FOLDED);
  const many = roomy.gaps.length * FOLDED > MAX_FOLDED;
  return many ? scaled(MAX_FOLDED / roomy.gaps.length) : roomy;
}

/** Returns the time in which at least one step was running, ms. */
function workOf(spans: readonly Interval[]): number {
  let reached = -Infinity;
  let sum = 0;
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    sum += Math.max(0, to - Math.max(from, reached));
    reached = Math.max(reached, to);
  }
  return Math.max(0.001, sum);
}
