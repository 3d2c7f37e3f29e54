import type { Flow, Hop, Step, WaitingFor } from '@fermata/server/contract';
import { duration } from '../ui/format.ts';
import type { Interval, Scale } from './scale.ts';
import { scaleOf, timesOf, type Times } from './times.ts';

/**
 * Computes where everything in the timeline is: a lane for each service, the lane's steps in rows
 * so that none overlap, hops between steps, and a time scale whose idle gaps are folded. All x are
 * shares of the width, 0 … 1. The rules are guarded by `timeline/layout.test.ts`.
 */
export interface Layout {
  lanes: Lane[];
  hops: HopLine[];
  ticks: { x: number; label: string }[];
  /** Folded gaps. `named` is true if there is room to show the gap's duration. */
  gaps: { x: number; width: number; ms: number; named: boolean }[];
  rows: number;
  /** True if there are so many rows that their steps show no names. */
  crowded: boolean;
  /** Position of the present time in an open flow; null in an ended flow. */
  now: number | null;
}

export interface Lane {
  service: string;
  firstRow: number;
  rows: number;
  bars: Bar[];
  ghosts: Ghost[];
}

/** Marks where a step that the flow waits for would usually be. */
export interface Ghost {
  waiting: WaitingFor;
  x: number;
  width: number;
  row: number;
  label: Label;
}

/**
 * Where the name of a step is: inside of a wide bar; otherwise to the right of the bar, or to the
 * left of it if the right edge is near.
 */
export type Label = 'inside' | 'right' | 'left' | 'none';
const INSIDE_PX = 150;
const CHARACTER_PX = 7;
const LABEL_GAP_PX = 20;
function labelOf(x: number, width: number, widthPx: number): Label {
  if (width * widthPx > INSIDE_PX) return 'inside';
  return x + width > 0.8 ? 'left' : 'right';
}

export interface Bar {
  step: Step;
  x: number;
  width: number;
  row: number;
  label: Label;
  /** The attempts as parts of the step's bar, 0 … 1 of the width of the bar. */
  attempts: { x: number; width: number; failed: boolean }[];
  /** The parts of the step's bar that are on the critical path, 0 … 1 of the width of the bar. */
  critical: { x: number; width: number }[];
}

export interface HopLine {
  hop: Hop;
  x1: number;
  row1: number;
  x2: number;
  row2: number;
  /** True if the hop is on the critical path. */
  critical: boolean;
}

/**
 * From this many rows on, only wide bars show names, because the timeline then serves as an
 * overview, and the reader zooms in.
 */
const CROWDED_ROWS = 80;
/** From this many steps on, a layout with names is not tried, because the names would not fit. */
const CROWD = 1000;

export function layoutOf(
  flow: Flow,
  atMs: number,
  fold: boolean,
  widthPx = 900,
  window: Interval | null = null,
): Layout {
  const times = timesOf(flow, atMs);
  const scale = scaleOf(times, window, fold);
  const crowd = window === null && flow.steps.length > CROWD;
  if (crowd) return placed(flow, times, scale, widthPx, false);
  const spacious = placed(flow, times, scale, widthPx, true);
  return spacious.rows > CROWDED_ROWS ? placed(flow, times, scale, widthPx, false) : spacious;
}

function placed(flow: Flow, times: Times, scale: Scale, widthPx: number, names: boolean): Layout {
  const { since, spans, ghosts, nowMs, open } = times;
  const onPath = new Map<string, Interval[]>();
  const hopsOnPath = new Set<string>();
  for (const { stepId, hopId, startUnixNano, endUnixNano } of flow.criticalPath) {
    if (hopId !== null) hopsOnPath.add(hopId);
    if (stepId === null) continue;
    const part = { from: since(startUnixNano), to: since(endUnixNano) };
    const parts = onPath.get(stepId);
    if (parts === undefined) onPath.set(stepId, [part]);
    else parts.push(part);
  }

  const lanes: Lane[] = [];
  const laneOf = new Map<string, { lane: Lane; ends: number[] }>();
  const barOf = new Map<string, Bar>();
  /** Returns a free place for a bar in the service's lane. */
  const place = (
    service: string,
    { from, to }: Interval,
    name: string,
  ): { lane: Lane; x: number; width: number; row: number; label: Label } => {
    let known = laneOf.get(service);
    if (!known) {
      const lane: Lane = { service, firstRow: 0, rows: 1, bars: [], ghosts: [] };
      laneOf.set(service, (known = { lane, ends: [] }));
      lanes.push(lane);
    }
    const x = scale.at(from);
    const width = Math.max(0.004, scale.at(to) - x);
    // A name beside its bar needs room in the row like the bar itself.
    const label = names || width * widthPx > INSIDE_PX ? labelOf(x, width, widthPx) : 'none';
    const room = label === 'none' ? 0 : (name.length * CHARACTER_PX + LABEL_GAP_PX) / widthPx;
    const starts = label === 'left' ? x - room : x;
    let row = known.ends.findIndex((end) => end <= starts);
    if (row < 0) row = known.ends.length;
    known.ends[row] = x + width + (label === 'right' ? room : 0) + 0.004;
    known.lane.rows = Math.max(known.lane.rows, row + 1);
    return { lane: known.lane, x, width, row, label };
  };
  const outside = ({ from, to }: Interval): boolean => to < scale.view.from || from > scale.view.to;
  flow.steps.forEach((step, i) => {
    if (outside(spans[i]!)) return;
    const { lane, x, width, row, label } = place(step.service, spans[i]!, step.name);
    const attempts = step.attempts.map((attempt) => {
      const a = scale.at(since(attempt.startUnixNano));
      const b = attempt.endUnixNano === null ? x + width : scale.at(since(attempt.endUnixNano));
      return {
        x: (a - x) / width,
        width: Math.max(0, (b - a) / width),
        failed: attempt.status === 'failed',
      };
    });
    const critical = (onPath.get(step.id) ?? []).map((part) => {
      const a = scale.at(part.from);
      return { x: (a - x) / width, width: Math.max(0, (scale.at(part.to) - a) / width) };
    });
    const bar: Bar = { step, x, width, row, label, attempts, critical };
    lane.bars.push(bar);
    barOf.set(step.id, bar);
  });
  for (const { waiting, ...interval } of ghosts) {
    if (outside(interval)) continue;
    const { lane, x, width, row, label } = place(waiting.service ?? '?', interval, waiting.step);
    lane.ghosts.push({ waiting, x, width, row, label });
  }
  let rows = 0;
  for (const lane of lanes) {
    lane.firstRow = rows;
    for (const bar of [...lane.bars, ...lane.ghosts]) bar.row += rows;
    rows += lane.rows;
  }

  const hops = flow.hops.flatMap((hop): HopLine[] => {
    const from = hop.from === null ? undefined : barOf.get(hop.from);
    const to = hop.to === null ? undefined : barOf.get(hop.to);
    if (!from) return [];
    const x1 = Math.min(from.x + from.width, Math.max(from.x, scale.at(since(hop.sentUnixNano))));
    const critical = hopsOnPath.has(hop.id);
    if (!to)
      return [{ hop, x1, row1: from.row, x2: Math.min(1, x1 + 0.05), row2: from.row, critical }];
    return [
      {
        hop,
        x1,
        row1: from.row,
        x2: scale.at(since(hop.receivedUnixNano ?? hop.sentUnixNano)),
        row2: to.row,
        critical,
      },
    ];
  });
  const now = open && !outside({ from: nowMs, to: nowMs }) ? scale.at(nowMs) : null;
  let named = -1;
  const gaps = scale.gaps.map((gap) => {
    const x = gap.x + gap.width / 2;
    const fits = x - named >= LABEL_PX / widthPx;
    if (fits) named = x;
    return { ...gap, named: fits };
  });
  return { lanes, hops, ticks: ticksOf(scale, now, widthPx), gaps, rows, crowded: !names, now };
}

/** Room for one tick, in pixels: its label, and space to the right of the label. */
const TICK_PX = 84;
const LABEL_PX = 58;

/**
 * Returns ticks at round times, where time is to scale and where they leave room for the labels of
 * gaps and of the present time.
 */
function ticksOf(scale: Scale, now: number | null, widthPx: number): Layout['ticks'] {
  const rough = TICK_PX / (scale.perMs * widthPx);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough;
  const room = LABEL_PX / widthPx;
  const taken = [...scale.gaps.map((gap) => gap.x + gap.width / 2), ...(now === null ? [] : [now])];
  const ticks: Layout['ticks'] = [];
  for (const { from, to } of scale.runs) {
    for (let ms = Math.ceil(from / step) * step; ms <= to; ms += step) {
      const x = scale.at(ms);
      const last = ticks[ticks.length - 1];
      const label = ms === 0 ? '0' : duration(ms);
      if (x > 1 - room || (last !== undefined && (x - last.x < room || last.label === label)))
        continue;
      if (!taken.some((at) => x > at - 1.6 * room && x < at + room / 2)) ticks.push({ x, label });
    }
  }
  return ticks;
}
