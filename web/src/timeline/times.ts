import type { Flow, Step, WaitingFor } from '@fermata/server/contract';
import { createScale, type Interval, type Scale } from './scale.ts';

const MAX_GHOSTS = 8;
/**
 * Maximum shares of the width: `FOLDED` for an idle stretch, `MAX_FOLDED` for many of them
 * together, `OPEN_WAIT` for the time since the last step of an open flow. `AWAITED` is for each
 * part of a wait for a step or for the end of one (until late, until stuck, until now), so that the
 * wait stands out.
 */
const FOLDED = 0.12;
const MAX_FOLDED = 0.3;
const OPEN_WAIT = 0.18;
const AWAITED = 0.16;

/**
 * Returns a function that converts an instant (epoch ns) to ms since `origin`, exact to the
 * microsecond. It splits the digits instead of using BigInt, which took most of the time of a
 * layout, and open flows with thousands of steps are laid out every second.
 */
export function msSince(origin: string): (nanos: string) => number {
  const [ms, ns] = [Number(origin.slice(0, -6)), Number(origin.slice(-6))];
  return (nanos) => Number(nanos.slice(0, -6)) - ms + (Number(nanos.slice(-6)) - ns) / 1e6;
}

/**
 * Times of a flow's steps and of the steps that it waits for, in ms since the start of the flow.
 */
export interface Times {
  /** Converts an instant (epoch ns) to ms since the start of the flow. */
  since: (nanos: string) => number;
  /** Start and end of each step. */
  spans: Interval[];
  /** As `spans`, but a step that still runs is known to have worked only at its start. */
  busy: Interval[];
  /** Running steps that should have ended, by the id of the step. */
  overdue: ReadonlyMap<string, Overdue>;
  /** Awaited steps: each interval begins when the wait began and ends now. */
  ghosts: (Interval & { waiting: WaitingFor })[];
  /** Past instants at which what the flow waits for first became late and stuck. */
  marks: Mark[];
  /** End of the step that ended last, or the start of a later one that still runs. */
  worked: number;
  nowMs: number;
  /** True if the flow has not ended or still waits for something. */
  open: boolean;
  /** End of the timeline: the end of the last step, or the present time if the flow is open. */
  total: number;
}

export type Overdue = 'late' | 'stuck';

export interface Mark {
  kind: Overdue;
  ms: number;
}

/** Returns whether something awaited is overdue at an instant, epoch ms; null if it is not. */
export const overdueAt = (
  { lateAt, stuckAt }: Pick<WaitingFor, 'lateAt' | 'stuckAt'>,
  atMs: number,
): Overdue | null =>
  Date.parse(stuckAt) <= atMs ? 'stuck' : Date.parse(lateAt) <= atMs ? 'late' : null;

/**
 * Returns the id of the running step whose end is awaited; null if something else is, such as that
 * its message is taken.
 */
const endsOf = (steps: readonly Step[]): ((waiting: WaitingFor) => string | null) => {
  const running = new Set(steps.filter(({ status }) => status === 'running').map(({ id }) => id));
  return ({ hopId, afterStepId }) =>
    hopId === null && afterStepId !== null && running.has(afterStepId) ? afterStepId : null;
};

/**
 * Returns what the flow waits for besides the end of running steps, which their own bars and rows
 * show.
 */
export function awaitedSteps({
  steps,
  waitingFor,
}: Pick<Flow, 'steps' | 'waitingFor'>): WaitingFor[] {
  const endOf = endsOf(steps);
  return waitingFor.filter((waiting) => endOf(waiting) === null);
}

/** Returns the running steps that should have ended at an instant, by the id of the step. */
export function overdueSteps({ steps, waitingFor }: Flow, atMs: number): Map<string, Overdue> {
  const endOf = endsOf(steps);
  const overdue = new Map<string, Overdue>();
  for (const waiting of waitingFor) {
    const state = overdueAt(waiting, atMs);
    const id = endOf(waiting);
    if (state !== null && id !== null && overdue.get(id) !== 'stuck') overdue.set(id, state);
  }
  return overdue;
}

/**
 * Returns the id by which an awaited step is selected. The prefix keeps it apart from ids of steps.
 */
export const awaitedId = ({ id }: WaitingFor): string => `await:${id}`;

/** Returns whether the timeline of a flow changes as time passes. */
export const goesOn = (flow: Flow): boolean => flow.phase !== 'ended' || flow.waitingFor.length > 0;

export function timesOf(flow: Flow, atMs: number): Times {
  const since = msSince(flow.startedAtUnixNano);
  const sinceIso = (iso: string): number => since(`${Date.parse(iso)}000000`);
  const nowMs = since(`${atMs}000000`);
  const open = flow.phase !== 'ended' || flow.waitingFor.length > 0;
  // A step of an ended flow whose end never arrived, as of a process that was killed, is drawn to
  // the end of the last step. To now it would make all others too small to be seen.
  const lastMs = Math.max(
    0,
    ...flow.steps.map(({ startUnixNano, endUnixNano }) => since(endUnixNano ?? startUnixNano)),
  );
  const endOf = (step: Step): number =>
    step.endUnixNano === null ? (open ? nowMs : lastMs) : since(step.endUnixNano);
  const spans = flow.steps.map((step): Interval => {
    const from = since(step.startUnixNano);
    return { from, to: Math.max(from, endOf(step)) };
  });
  const busy = spans.map((span, i): Interval =>
    open && flow.steps[i]!.endUnixNano === null ? { from: span.from, to: span.from } : span,
  );
  const worked = Math.max(0.001, ...busy.map((span) => span.to));
  const ghosts = awaitedSteps(flow)
    .slice(0, MAX_GHOSTS)
    .map((waiting) => {
      const from = Math.max(0, Math.min(nowMs, sinceIso(waiting.since)));
      return { waiting, from, to: Math.max(from, nowMs) };
    });
  const past = (kind: Mark['kind'], instants: string[]): Mark[] => {
    const ms = Math.min(Infinity, ...instants.map(sinceIso));
    return ms > 0 && ms <= nowMs ? [{ kind, ms }] : [];
  };
  const marks = [
    ...past(
      'late',
      flow.waitingFor.map(({ lateAt }) => lateAt),
    ),
    ...past(
      'stuck',
      flow.waitingFor.map(({ stuckAt }) => stuckAt),
    ),
  ];
  // If a step becomes late and stuck at the same instant, only the mark for stuck is shown.
  const isBoth = marks.length === 2 && marks[0]!.ms === marks[1]!.ms;
  return {
    since,
    spans,
    busy,
    overdue: overdueSteps(flow, atMs),
    ghosts,
    marks: isBoth ? marks.slice(1) : marks,
    worked,
    nowMs,
    open,
    total: Math.max(worked, open ? nowMs : 0),
  };
}

/** Returns the time scale for an interval of the flow; for the whole flow if `window` is null. */
export function scaleOf(times: Times, window: Interval | null, fold: boolean): Scale {
  const { ghosts, overdue, marks, worked, nowMs, open, total } = times;
  // The present time and each mark divide the idle time, so that the stretches between them are
  // folded separately.
  const points = open ? [nowMs, ...marks.map(({ ms }) => ms)] : [];
  const busy = [...times.busy, ...points.map((ms) => ({ from: ms, to: ms }))];
  const openShare = ghosts.length + overdue.size > 0 ? AWAITED : OPEN_WAIT;
  const scaled = (folded: number): Scale =>
    createScale(busy, window ?? { from: 0, to: total }, ({ from, to }) => {
      if (!fold) return Infinity;
      return open && from >= worked && to <= nowMs ? openShare : folded;
    });
  const roomy = scaled(FOLDED);
  const many = roomy.gaps.length * FOLDED > MAX_FOLDED + AWAITED;
  return many ? scaled(MAX_FOLDED / roomy.gaps.length) : roomy;
}
