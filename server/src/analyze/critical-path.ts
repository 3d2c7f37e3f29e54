import type { Flow, Hop, Step } from '../model/flow.ts';
import { earlier, later, nanosFromMs, unixNanos, type UnixNanos } from '../model/time.ts';

/**
 * Computes the critical path: what a flow's time was spent on, across services and traces. Pure.
 *
 * It walks back from the flow's end in causal time. Within a step, it continues at the call or
 * reply that returned last, which the step waited for; before the step's start, at the message or
 * call that caused it; where nothing is known, at the step that ended last. So segments touch, and
 * sum to the flow's duration (guarded by critical-path.property.test.ts).
 *
 * Within one trace this is the rule of Jaeger's critical path and of CRISP (Zhang et al., USENIX
 * ATC 2022): the child that finished last, then the one that finished last before that one began.
 * Unlike both, a callee counts until its caller had the answer, not until it ended; work that
 * continues after a call is cut off only where the flow ended by then; and unlike CRISP, calls that
 * overlap by less than 1 % still overlap, because clocks are corrected before
 * (`critical-path.test.ts`).
 */
export interface Segment {
  kind: SegmentKind;
  /** Names the step that worked; null for time between steps. */
  stepId: string | null;
  /** Names the message or call that was under way; null for work. */
  hopId: string | null;
  start: UnixNanos;
  end: UnixNanos;
}

export type SegmentKind =
  /** A step worked, or waited for something that left no span. */
  | 'processing'
  /** The conductor spent time between a reply and the next command. */
  | 'orchestrator'
  /** A message waited, from the end of its send to the start of its processing. */
  | 'queue-wait'
  /** A timer ran. */
  | 'intended-delay'
  /** A step waited between two attempts, or between two calls of which the first failed. */
  | 'retry-backoff'
  /** A call or its answer was on its way. */
  | 'sync-call'
  /** Nothing explains the wait. */
  | 'unknown';

export function criticalPath(flow: Flow): Segment[] {
  const end = later(flow.ended ?? flow.lastProgress, flow.started);
  const known = surroundingsOf(flow, end);
  /** Holds the segments, the newest first. */
  const path: Segment[] = [];
  /** The time after `at` is explained already. */
  let at = end;
  /** Attributes the time from `from` to `at`, and moves `at` back. */
  const spend = (from: UnixNanos, kind: SegmentKind, step: Step | null, hop: Hop | null): void => {
    const start = later(from, flow.started);
    if (start >= at) return;
    const last = path.at(-1);
    const [stepId, hopId] = [step?.id ?? null, hop?.id ?? null];
    if (last?.kind === kind && last.stepId === stepId && last.hopId === hopId) last.start = start;
    else path.push({ kind, stepId, hopId, start, end: at });
    at = start;
  };
  /**
   * Spends a step's work and pauses, back to `from`. A step does not work after its end, so the
   * time between its end and `at` is unknown.
   */
  const work = (step: Step, from: UnixNanos): void => {
    spend(later(known.endOf(step), from), 'unknown', null, null);
    const kind = known.kindOf(step);
    const until = later(from, flow.started);
    for (
      let pause = known.lastPause(step, at);
      pause && pause.end > until;
      pause = known.lastPause(step, at)
    ) {
      spend(pause.end, kind, step, null);
      spend(later(pause.start, until), pause.kind, pause.kind === 'unknown' ? null : step, null);
      if (at <= until) return;
    }
    spend(from, kind, step, null);
  };

  /** Maps a caller to the call that the walk came through last, and to the instant of that call. */
  const called = new Map<string, { typeKey: string; at: UnixNanos }>();
  let step = known.lastBefore(at);
  /** The clock that reported `at` has this resolution, in ns. */
  let unit = step === undefined ? NS : unitOf(step.start, step);
  while (step !== undefined && at > flow.started) {
    const back = known.lastReturn(step, at, unit);
    if (back !== undefined) {
      const next = called.get(step.id);
      // Work between two calls looks like waiting between them; only between attempts is the wait
      // known exactly.
      const again =
        next?.at === at &&
        next.typeKey === back.step.typeKey &&
        back.step.status === 'failed' &&
        step.attempts.length < 2;
      if (again) spend(back.at, 'retry-backoff', step, null);
      else work(step, back.at);
      if (back.hop !== null) spend(known.endOf(back.step), 'sync-call', null, back.hop);
      step = back.step;
      unit = unitOf(step.start, step);
      continue;
    }
    work(step, step.start);
    const hop = known.cause(step);
    let next: Step | undefined;
    if (hop !== undefined) {
      spend(sentAt(hop), waitKind(hop), null, hop);
      next = hop.from === null ? undefined : known.step(hop.from);
      if (hop.sync && next !== undefined) called.set(next.id, { typeKey: step.typeKey, at });
      if (next !== undefined)
        unit = hop.sync ? unitOfCall(hop, next, step) : unitOf(hop.sent, next);
    }
    if (next === undefined) {
      next = known.lastBefore(at);
      if (next !== undefined) {
        spend(known.endOf(next), 'unknown', null, null);
        unit = unitOf(next.start, next);
      }
    }
    step = next;
  }
  spend(flow.started, 'unknown', null, null);
  return path.reverse();
}

/** Sums the path by kind, in ms, the longest first. The sums add up to the flow's duration. */
export function timeSpent(path: readonly Segment[]): { kind: SegmentKind; ms: number }[] {
  const spent = new Map<SegmentKind, bigint>();
  for (const { kind, start, end } of path) spent.set(kind, (spent.get(kind) ?? 0n) + end - start);
  return [...spent]
    .sort(([, a], [, b]) => compare(b, a))
    .map(([kind, ns]) => ({ kind, ms: Number(ns) / 1e6 }));
}

/**
 * Reduces the path to at most `most` segments (one at least): the shortest ones are merged into the
 * segment before them.
 */
export function coarsened(path: Segment[], most: number): Segment[] {
  if (path.length <= most) return path;
  const lengthOf = ({ start, end }: Segment): bigint => end - start;
  // The first segment stays, because there is none before it.
  const others = path.slice(1).sort((a, b) => compare(lengthOf(b), lengthOf(a)));
  const own = new Set(others.slice(0, most - 1));
  const kept: Segment[] = [];
  for (const segment of path) {
    const last = kept.at(-1);
    if (last === undefined || own.has(segment)) kept.push({ ...segment });
    else last.end = segment.end;
  }
  return kept;
}

interface Return {
  step: Step;
  at: UnixNanos;
  /** Holds the call that returned; null for a reply, which is a message of its own. */
  hop: Hop | null;
  /** The clock that reported `at` has this resolution, in ns. */
  unit: bigint;
}

interface Surroundings {
  step(id: string): Step | undefined;
  /** Returns the step's end; for a step without one, the flow's. */
  endOf(step: Step): UnixNanos;
  kindOf(step: Step): SegmentKind;
  /**
   * Returns the call or reply that returned last by `at`, at the resolution `unit`. Each is
   * returned once; `at` must never grow.
   */
  lastReturn(step: Step, at: UnixNanos, unit: bigint): Return | undefined;
  /**
   * Returns the last pause that began before `at`; calls with a larger `at` than its start return
   * it again.
   */
  lastPause(step: Step, at: UnixNanos): Pause | undefined;
  /** Returns the message or call that the step waited for last. Each is returned once. */
  cause(step: Step): Hop | undefined;
  /**
   * Returns, of all steps that began before `at`, the one that ended last; of those that the flow's
   * end cut off, the one that ended soonest after it.
   */
  lastBefore(at: UnixNanos): Step | undefined;
}

function surroundingsOf(flow: Flow, end: UnixNanos): Surroundings {
  const steps = new Map(flow.steps.map((step) => [step.id, step]));
  const endOf = (step: Step): UnixNanos => earlier(step.end ?? end, end);
  const causes = new Map<string, Hop[]>();
  const returns = new Map<string, Return[]>();
  const returned = (to: Step, back: Return): void => {
    const list = returns.get(to.id);
    if (list === undefined) returns.set(to.id, [back]);
    else list.push(back);
  };
  const replies: Step[] = [];
  /**
   * Holds the steps that a timer started. They are work; only a step that is itself a timer takes
   * its time on purpose.
   */
  const rang = new Set<string>();
  for (const hop of flow.hops) {
    if (hop.to === null || hop.to === hop.from) continue;
    const to = steps.get(hop.to);
    // A message that was sent again after the step began did not start it.
    if (to === undefined || sentAt(hop) > to.start) continue;
    const list = causes.get(to.id);
    if (list === undefined) causes.set(to.id, [hop]);
    else list.push(hop);
    const from = hop.from === null ? undefined : steps.get(hop.from);
    if (hop.sync && from !== undefined)
      returned(from, {
        step: to,
        at: hop.returned ?? later(endOf(to), to.start),
        hop,
        unit: unitOfCall(hop, from, to),
      });
    if (hop.message.kind === 'reply') replies.push(to);
    if (hop.message.kind === 'timer') rang.add(to.id);
  }
  for (const list of causes.values())
    list.sort((a, b) => compare(sentAt(a), sentAt(b)) || (a.id < b.id ? -1 : 1));

  const conducting = new Set<string>();
  for (const reply of replies) {
    conducting.add(reply.id);
    const asker = askerOf(reply, steps, causes);
    if (asker === undefined || endOf(asker) <= reply.start) continue;
    conducting.add(asker.id);
    returned(asker, { step: reply, at: endOf(reply), hop: null, unit: unitOf(reply.start, reply) });
  }
  for (const list of returns.values())
    list.sort((a, b) => compare(a.at, b.at) || compare(a.step.start, b.step.start));

  // Orders steps by their end within the flow. A flow did not wait for work after its end, and a
  // step that declares the end ends soon after it.
  const byEnd = [...flow.steps].sort(
    (a, b) =>
      compare(endOf(a), endOf(b)) ||
      compare(b.end ?? FOREVER, a.end ?? FOREVER) ||
      compare(a.start, b.start) ||
      (a.id < b.id ? -1 : 1),
  );
  const pauses = new Map<string, Pause[]>();
  return {
    step: (id) => steps.get(id),
    endOf,
    kindOf: (step) =>
      step.kind === 'timer' && !rang.has(step.id)
        ? 'intended-delay'
        : conducting.has(step.id)
          ? 'orchestrator'
          : 'processing',
    lastReturn(step, at, unit) {
      const list = returns.get(step.id);
      for (let back = list?.pop(); back !== undefined; back = list?.pop()) {
        // A reply arrives when its handler begins; the handler may work on after the conductor
        // continues.
        const by = back.hop === null ? back.step.start : back.at;
        if (by < at + finer(unit, back.unit)) return { ...back, at: earlier(back.at, at) };
      }
      return undefined;
    },
    lastPause(step, at) {
      let list = pauses.get(step.id);
      if (list === undefined) pauses.set(step.id, (list = pausesOf(step)));
      for (let pause = list.at(-1); pause !== undefined; pause = list.at(-1)) {
        if (pause.start < at) return pause;
        list.pop();
      }
      return undefined;
    },
    cause: (step) => causes.get(step.id)?.pop(),
    lastBefore(at) {
      for (let last = byEnd.at(-1); last !== undefined; last = byEnd.at(-1)) {
        if (last.start < at) return last;
        byEnd.pop(); // Drop it for good, because `at` never grows.
      }
      return undefined;
    },
  };
}

/** Returns the earlier step of the same service that led to this reply. */
function askerOf(
  reply: Step,
  steps: ReadonlyMap<string, Step>,
  causes: ReadonlyMap<string, Hop[]>,
): Step | undefined {
  let step: Step | undefined = reply;
  for (let depth = 0; depth < MAX_DEPTH && step !== undefined; depth++) {
    const from: string | null | undefined = causes.get(step.id)?.at(-1)?.from;
    step = from === null || from === undefined ? undefined : steps.get(from);
    if (step !== undefined && step.service === reply.service && step.start < reply.start)
      return step;
  }
  return undefined;
}

/**
 * Clocks have these resolutions, in ns. A clock truncates a start to its resolution, JavaScript's
 * to whole milliseconds, and adds an exact duration, so calls one after the other may seem to
 * overlap by less than that. A start with finer digits comes from a finer clock. Without this,
 * parallel calls below a millisecond would seem to be one after the other.
 */
const UNITS = [1_000_000n, 1000n] as const;
const NS = 1n;
/** Returns the resolution of a raw clock reading: the causal shift is removed first. */
const unitOf = (at: UnixNanos, { skewMs }: Step): bigint => {
  const said = at - BigInt(Math.round(skewMs * 1e6));
  return UNITS.find((unit) => said % unit === 0n) ?? NS;
};
/**
 * Returns the resolution of a call's start, which the callee's clock tells where the caller's does
 * not.
 */
const unitOfCall = ({ sent, returned }: Hop, from: Step, to: Step): bigint =>
  returned === null ? unitOf(to.start, to) : unitOf(sent, from);
const finer = (a: bigint, b: bigint): bigint => (a < b ? a : b);
/** Bounds the steps between a command and its reply. */
const MAX_DEPTH = 32;

/** Returns when the sender had done its part. */
const sentAt = (hop: Hop): UnixNanos =>
  hop.sync || hop.received === null || hop.waitMs === null
    ? hop.sent
    : unixNanos(hop.received - nanosFromMs(hop.waitMs));

const waitKind = (hop: Hop): SegmentKind =>
  hop.sync ? 'sync-call' : hop.message.kind === 'timer' ? 'intended-delay' : 'queue-wait';

interface Pause {
  kind: 'retry-backoff' | 'unknown';
  start: UnixNanos;
  end: UnixNanos;
}

/**
 * Returns the pauses between attempts, and those within one in which none of its spans was open; in
 * order.
 */
function pausesOf({ attempts, idle = [] }: Step): Pause[] {
  const pauses = idle.map(({ start, end }): Pause => ({ kind: 'unknown', start, end }));
  if (attempts.length < 2) return pauses;
  const sorted = [...attempts].sort((a, b) => compare(a.start, b.start));
  let busyUntil = sorted[0]!.start;
  for (const { start, end } of sorted) {
    if (start > busyUntil) pauses.push({ kind: 'retry-backoff', start: busyUntil, end: start });
    busyUntil = later(busyUntil, end ?? start);
  }
  return pauses.sort((a, b) => compare(a.start, b.start));
}

const FOREVER = 2n ** 64n;
const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
