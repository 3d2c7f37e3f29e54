import type { Flow, Hop, Step, WaitingFor } from '@fermata/server/contract';
import { duration } from '../ui/format.ts';
import { createScale, type Interval, type Scale } from './scale.ts';

/**
 * Timeline geometry, pure: lanes per service, steps packed into rows so that none overlap, hops between them, a time
 * scale whose idle gaps are folded. All x are 0 … 1 of the width; `timeline/layout.test.ts` holds the rules.
 */
export interface Layout {
  lanes: Lane[];
  hops: HopLine[];
  ticks: { x: number; label: string }[];
  /** `named`: there is room to say how long it is. */
  gaps: { x: number; width: number; ms: number; named: boolean }[];
  rows: number;
  /** Where now is, in a flow that goes on. */
  now: number | null;
}

export interface Lane {
  service: string;
  firstRow: number;
  rows: number;
  bars: Bar[];
  ghosts: Ghost[];
}

/** What is awaited, where it usually stands. */
export interface Ghost {
  waiting: WaitingFor;
  x: number;
  width: number;
  row: number;
  label: Label;
}

/** Where the name stands: in the bar where it is wide, else beside it, and on the left where the right edge is near. */
export type Label = 'inside' | 'right' | 'left';
const CHARACTER_PX = 7;
const LABEL_GAP_PX = 20;
function labelOf(x: number, width: number, widthPx: number): Label {
  if (width * widthPx > 150) return 'inside';
  return x + width > 0.8 ? 'left' : 'right';
}

export interface Bar {
  step: Step;
  x: number;
  width: number;
  row: number;
  label: Label;
  /** Attempts as parts of the bar, 0 … 1 of the bar's own width. */
  attempts: { x: number; width: number; failed: boolean }[];
  /** Parts of it on the critical path, likewise. */
  critical: { x: number; width: number }[];
}

export interface HopLine {
  hop: Hop;
  x1: number;
  row1: number;
  x2: number;
  row2: number;
  /** On the critical path. */
  critical: boolean;
}

/** Ghosts are as wide as this share of the work: nobody knows how long the step will take. */
const GHOST_SHARE = 0.08;
const MOST_GHOSTS = 8;
/** An idle stretch is folded to this share of the width, many of them to MOST_FOLDED together; now's wait to more. */
const FOLDED = 0.12;
const MOST_FOLDED = 0.3;
const OPEN_WAIT = 0.18;

/** ms since the flow's start, exact to the microsecond. */
export function msSince(origin: bigint, nanos: string): number {
  return Number(BigInt(nanos) - origin) / 1e6;
}

export function layoutOf(flow: Flow, atMs: number, fold: boolean, widthPx = 900): Layout {
  const origin = BigInt(flow.startedAtUnixNano);
  const nowMs = atMs - Number(origin / 1_000_000n);
  const endOf = (step: Step): number =>
    step.endUnixNano === null ? nowMs : msSince(origin, step.endUnixNano);
  const spans = flow.steps.map((step): Interval => {
    const from = msSince(origin, step.startUnixNano);
    return { from, to: Math.max(from, endOf(step)) };
  });
  const worked = Math.max(0.001, ...spans.map((span) => span.to));
  const open = flow.phase !== 'ended';
  const ghostMs = workOf(spans) * GHOST_SHARE;
  const ghosts = flow.waitingFor
    .filter(
      (waiting) => !flow.steps.some((step) => step.id === waiting.afterStepId && step.status === 'running'),
    )
    .slice(0, MOST_GHOSTS)
    .map((waiting) => {
      const from = Math.max(0, Date.parse(waiting.expectedAt) - Number(origin / 1_000_000n));
      return { waiting, from, to: from + ghostMs };
    });
  const total = Math.max(worked, open ? nowMs : 0, ...ghosts.map((ghost) => ghost.to));
  // Now is a point of its own: what has been waited for is one stretch, what is yet to come another.
  const busy = [...spans, ...ghosts, ...(open ? [{ from: nowMs, to: nowMs }] : [])];
  const scaled = (folded: number): Scale =>
    createScale(busy, { from: 0, to: total }, ({ from, to }) => {
      if (!fold) return Infinity;
      return open && from >= worked && to <= nowMs ? OPEN_WAIT : folded;
    });
  const roomy = scaled(FOLDED);
  const many = roomy.gaps.length * FOLDED > MOST_FOLDED;
  const scale = many ? scaled(MOST_FOLDED / roomy.gaps.length) : roomy;

  const onPath = new Map<string, Interval[]>();
  const hopsOnPath = new Set<string>();
  for (const { stepId, hopId, startUnixNano, endUnixNano } of flow.criticalPath) {
    if (hopId !== null) hopsOnPath.add(hopId);
    if (stepId === null) continue;
    const part = { from: msSince(origin, startUnixNano), to: msSince(origin, endUnixNano) };
    const parts = onPath.get(stepId);
    if (parts === undefined) onPath.set(stepId, [part]);
    else parts.push(part);
  }

  const lanes: Lane[] = [];
  const laneOf = new Map<string, { lane: Lane; ends: number[] }>();
  const barOf = new Map<string, Bar>();
  /** A place in the service's lane where nothing else is. */
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
    // A name beside its bar takes room like the bar itself.
    const label = labelOf(x, width, widthPx);
    const room = (name.length * CHARACTER_PX + LABEL_GAP_PX) / widthPx;
    const starts = label === 'left' ? x - room : x;
    let row = known.ends.findIndex((end) => end <= starts);
    if (row < 0) row = known.ends.length;
    known.ends[row] = x + width + (label === 'right' ? room : 0) + 0.004;
    known.lane.rows = Math.max(known.lane.rows, row + 1);
    return { lane: known.lane, x, width, row, label };
  };
  flow.steps.forEach((step, i) => {
    const { lane, x, width, row, label } = place(step.service, spans[i]!, step.name);
    const attempts = step.attempts.map((attempt) => {
      const a = scale.at(msSince(origin, attempt.startUnixNano));
      const b = attempt.endUnixNano === null ? x + width : scale.at(msSince(origin, attempt.endUnixNano));
      return { x: (a - x) / width, width: Math.max(0, (b - a) / width), failed: attempt.status === 'failed' };
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
    const x1 = Math.min(from.x + from.width, Math.max(from.x, scale.at(msSince(origin, hop.sentUnixNano))));
    const critical = hopsOnPath.has(hop.id);
    if (!to) return [{ hop, x1, row1: from.row, x2: Math.min(1, x1 + 0.05), row2: from.row, critical }];
    return [
      {
        hop,
        x1,
        row1: from.row,
        x2: scale.at(msSince(origin, hop.receivedUnixNano ?? hop.sentUnixNano)),
        row2: to.row,
        critical,
      },
    ];
  });
  const now = open && nowMs >= 0 ? scale.at(nowMs) : null;
  let named = -1;
  const gaps = scale.gaps.map((gap) => {
    const x = gap.x + gap.width / 2;
    const fits = x - named >= LABEL_PX / widthPx;
    if (fits) named = x;
    return { ...gap, named: fits };
  });
  return { lanes, hops, ticks: ticksOf(scale, now, widthPx), gaps, rows, now };
}

/** How long somebody worked, of all the time that passed. */
function workOf(spans: readonly Interval[]): number {
  let reached = -Infinity;
  let sum = 0;
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    sum += Math.max(0, to - Math.max(from, reached));
    reached = Math.max(reached, to);
  }
  return Math.max(0.001, sum);
}

/** A label, and the air to its right. */
const TICK_PX = 84;
const LABEL_PX = 58;

/** Round times wherever time is to scale, with room for each label beside those of folded stretches and of now. */
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
      if (x > 1 - room || (last !== undefined && (x - last.x < room || last.label === label))) continue;
      if (!taken.some((at) => x > at - 1.6 * room && x < at + room / 2)) ticks.push({ x, label });
    }
  }
  return ticks;
}
