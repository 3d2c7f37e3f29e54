import type { Flow, Hop, Step, WaitingFor } from '@fermata/server/contract';
import { createRows, namePx, type Place } from './rows.ts';
import type { Interval, Scale } from './scale.ts';
import type { Overdue, Times } from './times.ts';
import { ticksOf, type Ticks } from './ticks.ts';

/**
 * This file computes the layout of the timeline: a lane for each service, rows in which a lane's
 * steps do not overlap, hops between steps, and a time scale whose idle gaps are folded. Each x is
 * a share of the width, 0 to 1. The rules are tested by `timeline/layout.test.ts`.
 */
export interface Layout extends Ticks {
  lanes: Lane[];
  hops: HopLine[];
  rows: number;
  /** True if there are so many rows that the steps are drawn without names. */
  crowded: boolean;
  /** Position of the present time in a flow that has not ended; null in an ended flow. */
  now: number | null;
}

export interface Lane {
  service: string;
  firstRow: number;
  rows: number;
  bars: Bar[];
  ghosts: Ghost[];
}

/** The bar of a step for which the flow is waiting. It begins when the wait began and ends now. */
export interface Ghost extends Place {
  waiting: WaitingFor;
  ms: number;
}

export interface Bar extends Place {
  step: Step;
  ms: number;
  /** Whether a running step should have ended by now; null if not. */
  overdue: Overdue | null;
  /** Positions of the step's attempts within its bar, 0 to 1; empty if there was only one. */
  attempts: Attempt[];
  /** Parts of the bar that are on the critical path, 0 to 1 of the bar's width. */
  critical: { x: number; width: number }[];
  /** Usual duration of such a step; null if it is not shown or not known. */
  usual: UsualBar | null;
}

export interface Attempt {
  number: number;
  x: number;
  width: number;
  failed: boolean;
  /** True if the attempt is wide enough to show its number. */
  named: boolean;
  /**
   * Pause before the attempt, ms; null for the first attempt. `waitNamed` is true if the pause is
   * wide enough to show its length.
   */
  waitMs: number | null;
  waitNamed: boolean;
}

/**
 * Positions at which the step would have ended if it had taken its usual time: the median (p50) and
 * the 95th percentile (p95).
 */
export interface UsualBar {
  p50: number;
  p95: number;
  p95Ms: number;
  /** True if the step took longer than the 95th percentile of such steps. */
  isSlow: boolean;
}

/** Returns the usual duration of such a step, ms; null if it is not known. */
export type UsualOf = (step: Step) => { p50: number; p95: number } | null;

export interface HopLine {
  hop: Hop;
  x1: number;
  row1: number;
  x2: number;
  row2: number;
  /** True if the hop is on the critical path. */
  critical: boolean;
}

export interface LayoutOptions {
  widthPx?: number;
  window?: Interval | null;
  usualOf?: UsualOf | null;
}

/**
 * Number of rows above which bars are drawn without names. The timeline is then an overview, into
 * which the reader zooms.
 */
const CROWDED_ROWS = 80;
/** Number of steps above which names are left out without computing a layout with names first. */
const CROWD = 1000;
/** Minimum width of an attempt that shows its number, and of a pause that shows its length. */
const NUMBER_PX = 20;
const PAUSE_PX = 110;

interface Input {
  flow: Flow;
  times: Times;
  scale: Scale;
  widthPx: number;
  names: boolean;
  usualOf: UsualOf | null;
}

export function layoutOf(
  flow: Flow,
  times: Times,
  scale: Scale,
  { widthPx = 900, window = null, usualOf = null }: LayoutOptions,
): Layout {
  const input = { flow, times, scale, widthPx, usualOf };
  if (window === null && flow.steps.length > CROWD) return placed({ ...input, names: false });
  const spacious = placed({ ...input, names: true });
  return spacious.rows > CROWDED_ROWS ? placed({ ...input, names: false }) : spacious;
}

/**
 * Returns a layout with a row for each service and no steps. It is shown until the width of the
 * plot is measured, which depends on the names of the services.
 */
export function emptyLayout({ steps }: Flow): Layout {
  const services = [...new Set(steps.map(({ service }) => service))];
  return {
    lanes: services.map((service, i) => ({ service, firstRow: i, rows: 1, bars: [], ghosts: [] })),
    ...{ hops: [], ticks: [], gaps: [], marks: [], nowNamed: false },
    rows: services.length,
    crowded: steps.length > CROWD,
    now: null,
  };
}

const isOutside = ({ from, to }: Interval, { view }: Scale): boolean =>
  to < view.from || from > view.to;

function placed(input: Input): Layout {
  const { times, scale, widthPx, names } = input;
  const { lanes, barOf, ghostOf } = lanesOf(input);
  let rows = 0;
  for (const lane of lanes) {
    lane.firstRow = rows;
    for (const bar of [...lane.bars, ...lane.ghosts]) bar.row += rows;
    rows += lane.rows;
  }
  const { nowMs, open, marks } = times;
  const now = open && !isOutside({ from: nowMs, to: nowMs }, scale) ? scale.at(nowMs) : null;
  return {
    lanes,
    hops: hopsOf(input, barOf, ghostOf),
    ...ticksOf(scale, now, marks, widthPx),
    rows,
    crowded: !names,
    now,
  };
}

interface Lanes {
  lanes: Lane[];
  barOf: Map<string, Bar>;
  /** Bars of awaited steps, by the id of the hop whose message they should receive. */
  ghostOf: Map<string, Ghost>;
}

function lanesOf(input: Input): Lanes {
  const { flow, times, scale, widthPx, names } = input;
  const onPath = partsOnPath(input);
  const found: Lanes = { lanes: [], barOf: new Map(), ghostOf: new Map() };
  const laneOf = new Map<string, { lane: Lane; rows: ReturnType<typeof createRows> }>();
  const laneFor = (service: string): NonNullable<ReturnType<typeof laneOf.get>> => {
    let known = laneOf.get(service);
    if (known === undefined) {
      const lane: Lane = { service, firstRow: 0, rows: 1, bars: [], ghosts: [] };
      laneOf.set(service, (known = { lane, rows: createRows(widthPx, names) }));
      found.lanes.push(lane);
    }
    return known;
  };
  const placeOf = ({ from, to }: Interval, characters: number, isFilled: boolean) => ({
    from: scale.at(from),
    to: scale.at(to),
    characters,
    isFilled,
  });
  flow.steps.forEach((step, i) => {
    const span = times.spans[i]!;
    if (isOutside(span, scale)) return;
    const { lane, rows } = laneFor(step.service);
    const isFilled = step.attempts.length > 1;
    const place = rows.place(placeOf(span, charactersOf(step), isFilled));
    const bar = barOf(input, step, span, place, onPath.get(step.id) ?? []);
    lane.bars.push(bar);
    found.barOf.set(step.id, bar);
  });
  for (const { waiting, ...interval } of times.ghosts) {
    if (isOutside(interval, scale)) continue;
    const { lane, rows } = laneFor(waiting.service ?? '?');
    const place = rows.place(placeOf(interval, waiting.step.length + WAITING_CHARACTERS, false));
    const ghost = { ...place, waiting, ms: interval.to - interval.from };
    lane.ghosts.push(ghost);
    if (waiting.hopId !== null) found.ghostOf.set(waiting.hopId, ghost);
  }
  for (const { lane, rows } of laneOf.values()) lane.rows = rows.count();
  return found;
}
/** Room for the text behind a step's name, in characters: "12.3 ms" or "stuck, runs for 12.3 s". */
const DURATION_CHARACTERS = 9;
const RUNNING_CHARACTERS = 22;
const WAITING_CHARACTERS = 17;
const charactersOf = ({ name, endUnixNano }: Step): number =>
  name.length + (endUnixNano === null ? RUNNING_CHARACTERS : DURATION_CHARACTERS);

function partsOnPath({ flow, times }: Input): Map<string, Interval[]> {
  const onPath = new Map<string, Interval[]>();
  for (const { stepId, startUnixNano, endUnixNano } of flow.criticalPath) {
    if (stepId === null) continue;
    const part = { from: times.since(startUnixNano), to: times.since(endUnixNano) };
    const parts = onPath.get(stepId);
    if (parts === undefined) onPath.set(stepId, [part]);
    else parts.push(part);
  }
  return onPath;
}

function barOf(
  { scale, times, usualOf, widthPx }: Input,
  step: Step,
  span: Interval,
  place: Place,
  onPath: readonly Interval[],
): Bar {
  const { x, width } = place;
  const within = (from: number, to: number): { x: number; width: number } => {
    const a = scale.at(from);
    return { x: (a - x) / width, width: Math.max(0, (scale.at(to) - a) / width) };
  };
  const usual = usualOf?.(step) ?? null;
  const ms = span.to - span.from;
  return {
    ...place,
    step,
    ms,
    overdue: times.overdue.get(step.id) ?? null,
    attempts:
      step.attempts.length > 1
        ? attemptsOf(step, span, times, within, {
            px: width * widthPx,
            overPx: place.label === 'over' ? namePx(charactersOf(step)) : 0,
          })
        : [],
    critical: onPath.map(({ from, to }) => within(from, to)),
    usual: usual && {
      p50: scale.at(span.from + usual.p50),
      p95: scale.at(span.from + usual.p95),
      p95Ms: usual.p95,
      isSlow: ms > usual.p95,
    },
  };
}

/**
 * Returns the attempts of a step whose bar is `px` wide; `within` returns positions in it. The name
 * of the step takes `overPx` of the longest pause.
 */
function attemptsOf(
  step: Step,
  span: Interval,
  times: Times,
  within: (from: number, to: number) => { x: number; width: number },
  { px, overPx }: { px: number; overPx: number },
): Attempt[] {
  const attempts = step.attempts.map((attempt, i): Attempt => {
    const from = times.since(attempt.startUnixNano);
    const to = attempt.endUnixNano === null ? span.to : times.since(attempt.endUnixNano);
    const before = step.attempts[i - 1]?.endUnixNano;
    const waitMs = before ? from - times.since(before) : null;
    const part = within(from, to);
    return {
      ...part,
      number: attempt.number,
      failed: attempt.status === 'failed',
      named: part.width * px >= NUMBER_PX,
      waitMs,
      waitNamed: waitMs !== null && within(from - waitMs, from).width * px >= PAUSE_PX,
    };
  });
  // The length of a pause stands in its middle, so a name at its start takes room on both sides.
  const longest = overPx > 0 ? longestPause(attempts) : null;
  if (longest !== null && longest.width * px < PAUSE_PX + 2 * overPx)
    attempts[longest.before]!.waitNamed = false;
  return attempts;
}

/**
 * Returns the position of the longest pause between attempts, 0 to 1 of the bar's width, and the
 * index of the attempt after it; null if there is none.
 */
export function longestPause(
  attempts: readonly Attempt[],
): { x: number; width: number; before: number } | null {
  const pauses = attempts.slice(1).map((attempt, i) => {
    const x = attempts[i]!.x + attempts[i]!.width;
    return { x, width: attempt.x - x, before: i + 1 };
  });
  return pauses.sort((a, b) => b.width - a.width)[0] ?? null;
}

function hopsOf(
  { flow, times: { since }, scale }: Input,
  barOf: ReadonlyMap<string, Bar>,
  ghostOf: ReadonlyMap<string, Ghost>,
): HopLine[] {
  const onPath = new Set(flow.criticalPath.map(({ hopId }) => hopId));
  return flow.hops.flatMap((hop): HopLine[] => {
    const from = hop.from === null ? undefined : barOf.get(hop.from);
    if (!from) return [];
    const to = hop.to === null ? undefined : barOf.get(hop.to);
    const x1 = Math.min(from.x + from.width, Math.max(from.x, scale.at(since(hop.sentUnixNano))));
    const line = { hop, x1, row1: from.row, critical: onPath.has(hop.id) };
    if (to) {
      const x2 = scale.at(since(hop.receivedUnixNano ?? hop.sentUnixNano));
      return [{ ...line, x2, row2: to.row }];
    }
    const ghost = ghostOf.get(hop.id);
    if (ghost) return [{ ...line, x2: Math.max(ghost.x, x1), row2: ghost.row }];
    return [{ ...line, x2: Math.min(1, x1 + 0.05), row2: from.row }];
  });
}
