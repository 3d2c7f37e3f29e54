import { countWhile, pushAll } from '../base/lists.ts';
import type { Span } from '../model/span.ts';
import type { UnixNanos } from '../model/time.ts';
import type { Shifts } from './causal-time.ts';
import { allSegments, type FlowInput, type InputSegment } from '../model/flow-input.ts';

/** The segment at which the second or a later run begins, and the causal time of that start. */
interface Boundary {
  at: bigint;
  segment: InputSegment;
}

/**
 * Splits a flow whose id was used again into runs. A run begins at a start milestone that lies, in
 * causal time, after an end of the previous run. If an operator configures `quietNs`, a run also
 * begins at a segment without a cause, if nothing happened for at least `quietNs` before it. With
 * 0n, no run begins that way. A segment with a cause stays in the run of its cause, however late it
 * is.
 */
export function splitRuns(input: FlowInput, shifts: Shifts, quietNs: bigint): FlowInput[] {
  const boundaries = startsAfterEnds(input, shifts);
  if (quietNs > 0n) {
    const known = new Set(boundaries.map(({ segment }) => segment));
    pushAll(
      boundaries,
      afterQuiet(input, shifts, quietNs).filter(({ segment }) => !known.has(segment)),
    );
    boundaries.sort(byTime);
  }
  return boundaries.length === 0 ? [input] : splitAt(boundaries, input, shifts);
}

const byTime = (a: Boundary, b: Boundary): number => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0);

function afterQuiet(input: FlowInput, shifts: Shifts, quietNs: bigint): Boundary[] {
  const boundaries: Boundary[] = [];
  const inOrder = allSegments(input)
    .map((segment): Boundary => ({ at: segment.head.start + shifts.get(segment), segment }))
    .sort(byTime);
  let until: bigint | null = null;
  for (const { at, segment } of inOrder) {
    const isCaused = segment.causes.some(({ where }) => where === 'flow');
    if (until !== null && at - until >= quietNs && !isCaused) boundaries.push({ at, segment });
    for (const span of segment.spans) {
      const end = span.end + shifts.of(span);
      if (until === null || end > until) until = end;
    }
  }
  return boundaries;
}

function startsAfterEnds(input: FlowInput, shifts: Shifts): Boundary[] {
  const starts: Boundary[] = [];
  const ends: bigint[] = [];
  for (const segment of input.segments)
    for (const span of segment.spans) {
      const at = span.end + shifts.of(span);
      if (span.milestone === 'flow-started') starts.push({ at, segment });
      else if (span.flow?.outcome) ends.push(at);
    }
  if (starts.length === 0 || ends.length === 0) return [];
  starts.sort(byTime);
  ends.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const boundaries: Boundary[] = [];
  let runStart: bigint | null = null;
  for (const start of starts) {
    const from = runStart;
    const ended = ends[from === null ? 0 : countWhile(ends, (end) => end <= from)];
    if (ended === undefined || ended >= start.at) {
      runStart ??= start.at;
      continue;
    }
    boundaries.push(start);
    runStart = start.at;
  }
  return boundaries;
}

function splitAt(boundaries: readonly Boundary[], input: FlowInput, shifts: Shifts): FlowInput[] {
  const segmentOf = new Map<Span, InputSegment>();
  for (const segment of allSegments(input))
    for (const span of segment.spans) segmentOf.set(span, segment);
  const runOf = new Map<InputSegment, number>();
  // A segment with several boundaries belongs to the run of the first boundary.
  for (let i = boundaries.length; i > 0; i--) runOf.set(boundaries[i - 1]!.segment, i);
  const causesIn = (segment: InputSegment): InputSegment[] =>
    segment.causes.flatMap((cause) => {
      const from = cause.span && segmentOf.get(cause.span);
      return from && from !== segment ? [from] : [];
    });
  /**
   * Segments whose run is being decided. Causes are decided before their effects, without
   * recursion, as chains may be 100,000 deep. In a ring, a segment that is still being decided
   * counts as run 0.
   */
  const underWay = new Set<InputSegment>();
  const decide = (first: InputSegment): number => {
    const work = [first];
    for (let segment = work.at(-1); segment !== undefined; segment = work.at(-1)) {
      if (runOf.has(segment)) {
        work.pop();
        continue;
      }
      const causes = causesIn(segment);
      const open = underWay.has(segment)
        ? []
        : causes.filter((cause) => !runOf.has(cause) && !underWay.has(cause));
      underWay.add(segment);
      if (open.length > 0) pushAll(work, open);
      else if (causes.length > 0)
        runOf.set(
          segment,
          causes.reduce((latest, cause) => Math.max(latest, runOf.get(cause) ?? 0), 0),
        );
      else {
        const at: UnixNanos | bigint = segment.head.start + shifts.get(segment);
        runOf.set(
          segment,
          countWhile(boundaries, (boundary) => boundary.at <= at),
        );
      }
    }
    return runOf.get(first)!;
  };
  const runs: FlowInput[] = Array.from({ length: boundaries.length + 1 }, () => ({
    ...input,
    segments: [],
    spanCount: 0,
  }));
  for (const segment of input.segments) {
    const run = runs[decide(segment)]!;
    run.segments.push(segment);
    run.spanCount += segment.spans.length;
  }
  return runs.filter((run) => run.segments.length > 0).map(withItsOwn);
}

/**
 * Returns the run with only those of the flow's surroundings (context, shared batches, unattributed
 * spans, consumers in other flows) that touch this run.
 */
function withItsOwn(run: FlowInput): FlowInput {
  const own = new Set<string>();
  const referred = new Set<string>();
  for (const { spans, causes } of run.segments) {
    for (const span of spans) {
      own.add(span.key);
      referred.add(span.parent);
      for (const link of span.links) referred.add(link);
    }
    for (const { key } of causes) referred.add(key);
  }
  const isAround = ({ key, parent, links }: Span): boolean =>
    referred.has(key) || own.has(parent) || links.some((link) => own.has(link));
  const context = run.context.filter(isAround);
  return {
    ...run,
    context,
    shared: run.shared.filter(({ causes }) => causes.some(({ key }) => own.has(key))),
    unattributed: run.unattributed.filter(({ under }) => context.includes(under)),
    consumedElsewhere: run.consumedElsewhere.filter(({ send }) => own.has(send.key)),
  };
}
