import { pushAll } from '../base/lists.ts';
import type { Badge } from '../model/flow.ts';
import type { Span } from '../model/span.ts';
import { allSegments, type FlowInput, type InputSegment } from '../model/flow-input.ts';
import { ENDS_STEP } from './attempts.ts';
import type { Draft } from './draft.ts';
import { foldReceives, foldWhatIsSaid } from './folding.ts';
import { isConsumer } from '../model/roles.ts';
import { earlier, type UnixNanos } from '../model/time.ts';
import type { Shifts } from './causal-time.ts';

/** Groups the spans of a flow into drafts, which are its units of work. */

/**
 * Drafts steps, which are units of work by one service. A segment is divided where the service
 * changes (a synchronous call) and where a span names a step of its own. Every other span folds
 * into the step of its parent.
 */
export function draftSteps(input: FlowInput, shifts: Shifts, badges: Set<Badge>): Draft[] {
  const drafts: Draft[] = [];
  const draftOf = new Map<string, Draft>();
  /** Drafts of spans that have not ended and are known only by their milestones, by span key. */
  const ofUnended = new Map<string, Draft>();
  const byKey = new Map<string, Span>();
  const segments = allSegments(input);
  for (const segment of segments) for (const span of segment.spans) byKey.set(span.key, span);
  if (lacksParent(segments)) badges.add('missing-parent');
  // Parents come first, because a span that continues the work of a span of another segment (same
  // service, new id) folds into the draft of that other span.
  for (const segment of topDown(segments, byKey)) {
    if (segment.cycle) badges.add('cycle');
    for (const span of topDownSpans(segment.spans)) {
      if (span.warnings.length > 0) badges.add('repaired');
      const isHead = span === segment.head;
      const up = isHead ? segment.parent : span.parent;
      const parent = draftOf.get(up);
      const parentSpan = parent && byKey.get(up);
      const named =
        span.milestone === null &&
        span.step !== null &&
        (span.step.name !== '' || span.step.id !== '');
      const folds =
        parent !== undefined &&
        parentSpan!.service.name === span.service.name &&
        !named &&
        !(isHead && isOwnDelivery(span, segment));
      // Spans below an unfinished span join the draft of the event that announced that span.
      const within =
        parent !== undefined || named || isOwnDelivery(span, segment) ? '' : span.parent;
      const into = folds ? parent : beginningOf(span, ofUnended.get(within));
      if (into !== undefined) {
        into.spans.push(span);
        draftOf.set(span.key, into);
        continue;
      }
      const draft: Draft = {
        head: span,
        segment,
        spans: [span],
        shift: shifts.of(span),
        // Flow ids decide which flow a span is in; parent and child decide which step called which.
        // A consumer is not a called step, as its message gets a hop of its own.
        calledBy:
          parent !== undefined && !isConsumer(span.role)
            ? { client: parentSpan!, from: parent, returned: returnOf(parentSpan!, byKey) }
            : null,
      };
      if (draft.calledBy !== null) {
        const early = parentSpan!.start + parent!.shift - (span.start + draft.shift);
        if (early > 0n) draft.shift += early;
      }
      drafts.push(draft);
      draftOf.set(span.key, draft);
      if (span.milestone !== null && within !== '') ofUnended.set(within, draft);
    }
  }
  return foldWhatIsSaid(foldReceives(drafts, draftOf));
}

/** The log events that say that a step has begun. */
const BEGINS: ReadonlySet<Span['milestone']> = new Set<Span['milestone']>([
  'step-started',
  'compensation-started',
]);

/**
 * Returns whether a span's parent is missing. A parent that runs is not missing and arrives later:
 * that of a log event, and that of which a log event says that it has begun, and none that it has
 * ended.
 */
function lacksParent(segments: readonly InputSegment[]): boolean {
  const orphans = segments.filter(({ orphan, head }) => orphan && head.milestone === null);
  if (orphans.length === 0) return false;
  const running = new Set<string>();
  const ended = new Set<string>();
  for (const { spans } of segments)
    for (const { milestone, parent } of spans)
      if (BEGINS.has(milestone)) running.add(parent);
      else if (milestone !== null && ENDS_STEP.has(milestone)) ended.add(parent);
  return orphans.some(({ head }) => !running.has(head.parent) || ended.has(head.parent));
}

/**
 * Returns the draft of the log event that announced the span's parent, if the span belongs to this
 * draft.
 */
function beginningOf(span: Span, draft: Draft | undefined): Draft | undefined {
  const takes = span.milestone !== null || BEGINS.has(draft?.head.milestone ?? null);
  return takes && draft?.head.service.name === span.service.name ? draft : undefined;
}

/**
 * Returns when the caller had its answer. A library may wrap a call in several spans of the caller,
 * of which some end later, for example when the whole answer has been read. The earliest of their
 * ends counts.
 */
function returnOf(client: Span, byKey: ReadonlyMap<string, Span>): UnixNanos {
  let at = client.end;
  let span: Span | undefined = client;
  for (let depth = 0; depth < MAX_WRAPPERS && span !== undefined; depth++) {
    const above = byKey.get(span.parent);
    const isWrapper = above?.role === 'client' && above.service.name === client.service.name;
    span = isWrapper ? above : undefined;
    if (span !== undefined) at = earlier(at, span.end);
  }
  return at;
}
/** Maximum number of spans that may wrap one call, because parents may form a cycle. */
const MAX_WRAPPERS = 8;

/**
 * Returns whether the span is a delivery of a message. A log event that announces a delivery does
 * not count.
 */
const isOwnDelivery = ({ role, milestone }: Span, { causes }: InputSegment): boolean =>
  milestone === null && (role === 'process' || (role === 'receive' && causes.length > 0));

/** Returns the segments sorted so that each stands after the segment that contains its parent. */
function topDown(segments: InputSegment[], byKey: Map<string, Span>): InputSegment[] {
  const segmentOf = new Map<Span, InputSegment>();
  for (const segment of segments) for (const span of segment.spans) segmentOf.set(span, segment);
  const sorted: InputSegment[] = [];
  const state = new Map<InputSegment, boolean>();
  for (const start of segments) {
    const path: InputSegment[] = [];
    for (
      let segment: InputSegment | undefined = start;
      segment !== undefined && !state.has(segment);
    ) {
      state.set(segment, true);
      path.push(segment);
      const up = byKey.get(segment.parent);
      segment = up && segmentOf.get(up);
    }
    pushAll(sorted, path.reverse());
  }
  return sorted;
}

/**
 * Returns the spans of a segment sorted so that parents stand before children, and siblings by
 * time.
 */
function topDownSpans(spans: Span[]): Span[] {
  if (spans.length === 1) return spans;
  const children = new Map<string, Span[]>();
  const inside = new Set(spans.map((span) => span.key));
  const roots: Span[] = [];
  for (const span of spans) {
    const up = span.parent;
    if (span === spans[0] || span.parent === '' || !inside.has(up)) roots.push(span);
    else {
      const list = children.get(up);
      if (list) list.push(span);
      else children.set(up, [span]);
    }
  }
  const sorted: Span[] = [];
  const work = roots.reverse();
  while (work.length > 0) {
    const span = work.pop()!;
    sorted.push(span);
    const below = children.get(span.key);
    if (below !== undefined) for (let i = below.length - 1; i >= 0; i--) work.push(below[i]!);
  }
  return sorted;
}
