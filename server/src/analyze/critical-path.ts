import type { Flow, Hop, Step } from '../model/flow.ts';
import { earlier, later, type UnixNanos } from '../model/time.ts';
import { pausesOf, type Pause } from './pauses.ts';
import { isAwaited, sentAt } from './sent-at.ts';

/**
 * One part of a critical path, which tells what a flow's time was spent on, across services.
 *
 * `criticalPath` is pure. It goes back from the flow's end in causal time. Within a step, it goes
 * to the call or reply that returned last, because the step waited for it. From the step's start,
 * it goes to the cause of the step or, if none is known, to the step that ended last before. So
 * segments touch and sum to the flow's duration (guarded by critical-path.property.test.ts).
 *
 * Within a trace this is the rule of Jaeger and of CRISP (Zhang et al., USENIX ATC 2022): take the
 * child that finished last, then the child that finished last before that child began. Unlike in
 * both, a called step counts until its caller had the answer, and work that continues after a call
 * is cut off only if the flow had ended by then. Unlike in CRISP, calls that overlap by less than 1
 * % count as overlapping, because clocks are corrected before (`critical-path.test.ts`).
 */
export interface Segment {
  kind: SegmentKind;
  /** Id of the step that was running; null if the time passed between steps. */
  stepId: string | null;
  /** Names the message or call that was on its way; null if a step worked. */
  hopId: string | null;
  start: UnixNanos;
  end: UnixNanos;
}

export type SegmentKind =
  /** A step worked, or waited for something that left no span. */
  | 'processing'
  /** The step that conducts the flow spent the time between a reply and its next command. */
  | 'orchestrator'
  /** A message waited, from the end of its send to the start of its processing. */
  | 'queue-wait'
  /** A timer ran, so the flow waited on purpose. */
  | 'intended-delay'
  /** A step waited between two attempts, or between two calls of which the first failed. */
  | 'retry-backoff'
  /** A synchronous call or its answer was on its way. */
  | 'sync-call'
  /** Nothing is known that explains how the time passed. */
  | 'unknown';

export function criticalPath(flow: Flow): Segment[] {
  const end = later(flow.ended ?? flow.lastProgress, flow.started);
  const known = surroundingsOf(flow, end);
  /** Holds the segments that were found so far, the last one of the flow first. */
  const path: Segment[] = [];
  /** The time between this instant and the end of the flow has been attributed to segments. */
  let at = end;
  /** Attributes the time from `from` to `at` to a segment, and sets `at` to `from`. */
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
   * Attributes the time from `from` to `at` to the work and the pauses of a step. The time after
   * the end of the step becomes `unknown`, because a step does not work after its end.
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

  /** Maps the id of a calling step to the call from which the loop last came back to this step. */
  const called = new Map<string, { typeKey: string; at: UnixNanos }>();
  let step = known.lastBefore(at);
  /** Resolution, in ns, of the clock that reported `at`. */
  let unit = step === undefined ? NS : unitOf(step.start, step);
  while (step !== undefined && at > flow.started) {
    const back = known.lastReturn(step, at, unit);
    if (back !== undefined) {
      const next = called.get(step.id);
      // After a failed call to the same step, the time is taken for a pause before a retry. With
      // several attempts there is no need to guess, because pauses between attempts are known.
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
      if (isAwaited(hop) && next !== undefined) called.set(next.id, { typeKey: step.typeKey, at });
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

/** Returns the time, ms, spent on each kind of segment, longest first; the sum is the duration. */
export function timeSpent(path: readonly Segment[]): { kind: SegmentKind; ms: number }[] {
  const spent = new Map<SegmentKind, bigint>();
  for (const { kind, start, end } of path) spent.set(kind, (spent.get(kind) ?? 0n) + end - start);
  return [...spent]
    .sort(([, a], [, b]) => compare(b, a))
    .map(([kind, ns]) => ({ kind, ms: Number(ns) / 1e6 }));
}

/**
 * Returns the path with at most `most` segments, but at least one: the shortest segments are merged
 * into the segment before them.
 */
export function coarsened(path: Segment[], most: number): Segment[] {
  if (path.length <= most) return path;
  const lengthOf = ({ start, end }: Segment): bigint => end - start;
  // The first segment is always kept, because no segment before it could take it up.
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
  /** Holds the call that returned; null if a reply message arrived instead. */
  hop: Hop | null;
  /** Resolution, in ns, of the clock that reported `at`. */
  unit: bigint;
}

interface Surroundings {
  step(id: string): Step | undefined;
  /** Returns the end of the step, or of the flow if the flow ended earlier. */
  endOf(step: Step): UnixNanos;
  kindOf(step: Step): SegmentKind;
  /**
   * Returns the last call or reply of `step` that had returned by `at`; times that differ by less
   * than `unit` are equal. A call or reply is returned only once. `at` must not grow from call to
   * call.
   */
  lastReturn(step: Step, at: UnixNanos, unit: bigint): Return | undefined;
  /**
   * Returns the last pause of `step` that began before `at`. The same pause is returned again as
   * long as `at` lies after its start.
   */
  lastPause(step: Step, at: UnixNanos): Pause | undefined;
  /** Returns the message or call that `step` waited for last. No hop is returned twice. */
  cause(step: Step): Hop | undefined;
  /**
   * Returns the step that ended last, of all steps that began before `at`. Steps that ended after
   * the flow count as ending with it; of these, the step that really ended first is returned.
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
   * Ids of steps that a timer started. Such a step counts as work, because only a step that is a
   * timer itself takes its time on purpose.
   */
  const rang = new Set<string>();
  for (const hop of flow.hops) {
    if (hop.to === null || hop.to === hop.from) continue;
    const to = steps.get(hop.to);
    // A message that was sent again after the step began did not start the step.
    if (to === undefined || sentAt(hop) > to.start) continue;
    const list = causes.get(to.id);
    if (list === undefined) causes.set(to.id, [hop]);
    else list.push(hop);
    const from = hop.from === null ? undefined : steps.get(hop.from);
    if (isAwaited(hop) && from !== undefined)
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

  // Sort by end; a step that ended after the flow counts as ending with it. Of steps with equal
  // ends, the one that really ended first is last, as a flow does not wait for work after its end.
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
        // A reply returns when its handler starts, because the handler may still work after the
        // conducting step has continued.
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
        byEnd.pop(); // Remove the step, because `at` never grows.
      }
      return undefined;
    },
  };
}

/** Returns the step that sent the command which `reply` answers; both steps are of one service. */
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
 * Resolutions of clocks, in ns. A clock cuts the start of a span to its resolution (in JavaScript
 * to whole ms) and adds an exact duration, so that consecutive calls may seem to overlap by less
 * than the resolution. A start with more digits comes from a finer clock and gets no allowance,
 * because then parallel calls below a millisecond would seem to be consecutive.
 */
const UNITS = [1_000_000n, 1000n] as const;
const NS = 1n;
/** Returns the resolution of the clock that reported `at`; ignores the shift to causal time. */
const unitOf = (at: UnixNanos, { skewMs }: Step): bigint => {
  const said = skewMs === 0 ? at : at - BigInt(Math.round(skewMs * 1e6));
  return UNITS.find((unit) => said % unit === 0n) ?? NS;
};
/**
 * Returns the resolution of the start of a call. The start is taken from the clock of the caller,
 * or from that of the called step if no span of the caller reports the call.
 */
const unitOfCall = ({ sent, returned }: Hop, from: Step, to: Step): bigint =>
  returned === null ? unitOf(to.start, to) : unitOf(sent, from);
const finer = (a: bigint, b: bigint): bigint => (a < b ? a : b);
/** Maximum number of steps that are followed from a reply backwards to its command. */
const MAX_DEPTH = 32;

export const waitKind = (hop: Hop): SegmentKind =>
  hop.sync ? 'sync-call' : hop.message.kind === 'timer' ? 'intended-delay' : 'queue-wait';

const FOREVER = 2n ** 64n;
const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
