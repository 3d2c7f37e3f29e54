import type { Flow, Step, WaitingFor } from '@fermata/server/contract';
import { createScale, type Interval, type Scale } from './scale.ts';

/**
 * Width of a ghost (a step that the flow waits for) as a share of the time worked. The width is
 * fixed, because the duration of the step is not known yet.
 */
const GHOST_SHARE = 0.08;
const MAX_GHOSTS = 8;
/**
 * Shares of the width: an idle stretch is folded to `FOLDED`, many idle stretches to `MAX_FOLDED`
 * together, and the wait of an open flow until now to `OPEN_WAIT`.
 */
const FOLDED = 0.12;
const MAX_FOLDED = 0.3;
const OPEN_WAIT = 0.18;

/**
 * Returns a function that converts an instant to ms since `origin`, exact to the microsecond. It
 * parses the digits itself, because an open flow of thousands of steps is laid out every second,
 * and making a BigInt for each instant took longer than all the rest.
 */
export function msSince(origin: string): (nanos: string) => number {
  const [ms, ns] = [Number(origin.slice(0, -6)), Number(origin.slice(-6))];
  return (nanos) => Number(nanos.slice(0, -6)) - ms + (Number(nanos.slice(-6)) - ns) / 1e6;
}

/** Times of a flow's steps, and of what the flow waits for, in ms since the start of the flow. */
export interface Times {
  /** Converts an instant to ms since the start of the flow. */
  since: (nanos: string) => number;
  /** Start and end of each step. */
  spans: Interval[];
  ghosts: (Interval & { waiting: WaitingFor })[];
  /** End of the step that ended last. */
  worked: number;
  nowMs: number;
  open: boolean;
  /**
   * End of all that is laid out. In an open flow it is not before the present time, nor before the
   * end of the last ghost.
   */
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

/** Returns the scale of a window; without a window, of the whole flow. */
export function scaleOf(times: Times, window: Interval | null, fold: boolean): Scale {
  const { spans, ghosts, worked, nowMs, open, total } = times;
  // The present time is a point of its own, so that the wait until then is one stretch and the time
  // after it another.
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

/** Returns how long at least one step was running, ms. */
function workOf(spans: readonly Interval[]): number {
  let reached = -Infinity;
  let sum = 0;
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    sum += Math.max(0, to - Math.max(from, reached));
    reached = Math.max(reached, to);
  }
  return Math.max(0.001, sum);
}
