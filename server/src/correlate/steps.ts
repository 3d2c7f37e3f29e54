import { createJoinedTexts } from '../base/joined-texts.ts';
import { countWhile, flatMapped, groupedBy, pushAll, smallestOf } from '../base/lists.ts';
import type { Attempt, Badge, Step, StepStatus } from '../model/flow.ts';
import { spanIdOf, type Milestone, type Span } from '../model/span.ts';
import { earlier, later, msOf, shifted } from '../model/time.ts';
import { order, type FlowInput, type InputCause, type InputSegment } from './flow-input.ts';
import { isReceiving } from './roles.ts';
import type { Shifts } from './runs.ts';
import { isCounted, messageNameOf } from './tokens.ts';

/** Spans → steps: which spans are one unit of work, and which deliveries are attempts of one step. Pure. */

/** Smaller differences are the SDK's millisecond clock, not skew. */
export const SKEW_SHOWN_NS = 1_000_000n;

export interface Draft {
  head: Span;
  segment: InputSegment;
  spans: Span[];
  shift: bigint;
  /** Step whose client span called this one. */
  calledBy: { client: Span; from: Draft } | null;
  /** Deliveries of one message to one handler share this. */
  attemptKey: string;
}

/**
 * Steps are units of work by one service: a segment is divided where the service changes (a synchronous call) and
 * where a span names a step of its own; everything else folds into the step above it.
 */
export function draftSteps(input: FlowInput, shifts: Shifts, badges: Set<Badge>): Draft[] {
  const drafts: Draft[] = [];
  const draftOf = new Map<string, Draft>();
  /** What is known of spans that have not ended: the milestones that happened in them. */
  const ofUnended = new Map<string, Draft>();
  const byKey = new Map<string, Span>();
  for (const segment of input.segments) for (const span of segment.spans) byKey.set(span.key, span);
  // Parents first: a span that continues the work of another segment's span (same service, new id) folds into it.
  for (const segment of topDown(input.segments, byKey)) {
    // A milestone comes before the span it happened in: that one is running, not missing.
    if (segment.orphan && segment.head.milestone === null) badges.add('missing-parent');
    if (segment.cycle) badges.add('cycle');
    for (const span of topDownSpans(segment.spans)) {
      if (span.warnings.length > 0) badges.add('repaired');
      const parent = draftOf.get(span.parent);
      const parentSpan = parent && byKey.get(span.parent);
      const isHead = span === segment.head;
      const named =
        span.milestone === null && span.step !== null && (span.step.name !== '' || span.step.id !== '');
      const folds =
        parent !== undefined &&
        parentSpan!.service.name === span.service.name &&
        !named &&
        !(isHead && (span.role === 'process' || (span.role === 'receive' && segment.causes.length > 0)));
      if (folds) {
        parent.spans.push(span);
        draftOf.set(span.key, parent);
        continue;
      }
      const within = span.milestone === null || parent !== undefined ? '' : span.parent;
      const sibling = ofUnended.get(within);
      if (sibling !== undefined && sibling.head.service.name === span.service.name) {
        sibling.spans.push(span);
        draftOf.set(span.key, sibling);
        continue;
      }
      const draft: Draft = {
        head: span,
        segment,
        spans: [span],
        shift: shifts.get(segment)!,
        calledBy: !isHead && parent !== undefined ? { client: parentSpan!, from: parent } : null,
        attemptKey: '',
      };
      draft.attemptKey = attemptKeyOf(draft);
      if (draft.calledBy !== null) {
        const early = parentSpan!.start + parent!.shift - (span.start + draft.shift);
        if (early > 0n) draft.shift += early;
      }
      drafts.push(draft);
      draftOf.set(span.key, draft);
      if (within !== '' && span.parent !== '') ofUnended.set(within, draft);
    }
  }
  return foldReceives(drafts, draftOf);
}

/** Segments whose parents are in the flow come after them. */
function topDown(segments: InputSegment[], byKey: Map<string, Span>): InputSegment[] {
  const segmentOf = new Map<Span, InputSegment>();
  for (const segment of segments) for (const span of segment.spans) segmentOf.set(span, segment);
  const sorted: InputSegment[] = [];
  const state = new Map<InputSegment, boolean>();
  for (const start of segments) {
    const path: InputSegment[] = [];
    for (let segment: InputSegment | undefined = start; segment !== undefined && !state.has(segment);) {
      state.set(segment, true);
      path.push(segment);
      const up = byKey.get(segment.head.parent);
      segment = up && segmentOf.get(up);
    }
    pushAll(sorted, path.reverse());
  }
  return sorted;
}

/** Within a segment: parents before children, siblings in time. */
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

/** A receive span directly above the processing of the same message is part of that step. */
function foldReceives(drafts: Draft[], draftOf: Map<string, Draft>): Draft[] {
  const gone = new Set<Draft>();
  for (const draft of drafts) {
    if (draft.head.role !== 'process') continue;
    const above = draftOf.get(draft.head.parent);
    if (above === undefined || !isReceiving(above.head) || gone.has(above)) continue;
    if (above.head.service.name !== draft.head.service.name) continue;
    pushAll(draft.spans, above.spans);
    for (const span of above.spans) draftOf.set(span.key, draft);
    gone.add(above);
    // Caused by nothing but that receive span: what caused that one caused the step.
    if (draft.segment.causes.some((cause) => cause.span === above.head)) {
      draft.segment = { ...draft.segment, causes: above.segment.causes };
      draft.attemptKey = attemptKeyOf(draft);
    }
  }
  return gone.size === 0 ? drafts : drafts.filter((draft) => !gone.has(draft));
}

function attemptKeyOf(draft: Draft): string {
  const { head, segment } = draft;
  const { message } = head;
  if (message === null || head !== segment.head || (head.role !== 'process' && head.role !== 'receive'))
    return '';
  const cause = segment.causes.find((c) => c.where === 'flow');
  const of =
    message.id !== '' ? messageNameOf(head) : cause === undefined ? '' : sendingOf(cause, message.position);
  if (of === '') return '';
  const place = cause ? '' : message.destination;
  // Whoever looks after what was given up has not processed it, be it the same service.
  const afterwards = message.deadLettered ? 'dead' : '';
  return [of, head.service.name, message.group, head.step?.name ?? '', place, afterwards].join('\0');
}

/** One span that sent several messages tells them apart only by where they lie. */
function sendingOf({ key, span }: InputCause, position: string): string {
  if ((span?.message?.batchCount ?? 0) <= 1) return key;
  return position === '' ? '' : `${key}\0${position}`;
}

interface Merged {
  steps: Step[];
  /** Step of every member span, by span key. */
  stepOf: Map<string, Step>;
}

/** Same message, same group: attempts of one step, in the order that they state, else in causal time. */
export function mergeAttempts(drafts: Draft[]): Merged {
  const groups = groupedBy(drafts, (draft) => draft.attemptKey || draft.head.key);
  const steps: Step[] = [];
  const stepOf = new Map<string, Step>();
  for (const group of groups.values()) {
    if (group.length > 1) group.sort(group.every(statesAttempt) ? byAttempt : byCausalTime);
    const step = toStep(group);
    steps.push(step);
    for (const draft of group) for (const span of draft.spans) stepOf.set(span.key, step);
  }
  steps.sort((a, b) => (a.start !== b.start ? (a.start < b.start ? -1 : 1) : a.id < b.id ? -1 : 1));
  return { steps, stepOf };
}

/** It sent the message that it was given once more, to a retry queue, say: whoever takes that does not do it twice. */
const passesOn = ({ head, spans }: Draft): boolean =>
  head.message !== null &&
  head.message.id !== '' &&
  !isCounted(head.message.id) &&
  spans.some(({ role, message }) => role === 'send' && message?.id === head.message!.id);
const statesAttempt = ({ head }: Draft): boolean => (head.step?.attempt ?? 0) > 0;
const byCausalTime = (a: Draft, b: Draft): number => {
  const [x, y] = [a.head.start + a.shift, b.head.start + b.shift];
  return x < y ? -1 : x > y ? 1 : order(a.head, b.head);
};
const byAttempt = (a: Draft, b: Draft): number =>
  a.head.step!.attempt - b.head.step!.attempt || byCausalTime(a, b);

function toStep(group: Draft[]): Step {
  const badges = new Set<Badge>();
  let attempts: Attempt[] = [];
  for (const draft of group) {
    const started = draft.spans.filter((span) => span.milestone !== null);
    const work = draft.spans.filter((span) => span.milestone === null);
    if (work.length === 0) attempts.push(attemptFromMilestones(draft, started));
    else attempts.push(attemptFromSpans(draft, work));
  }
  attempts = attempts.map((attempt, i) => ({ ...attempt, number: Math.max(attempt.number, i + 1) }));
  const last = attempts[attempts.length - 1]!;
  const earlierOk = attempts
    .slice(0, -1)
    .some((attempt, i) => attempt.status === 'ok' && !passesOn(group[i]!));
  if (earlierOk) badges.add('duplicate-processing');
  const retried = attempts.length > 1 || last.number > 1;
  const first = group[0]!;
  const { head } = first;
  const skewNs = group.reduce((most, draft) => (draft.shift > most ? draft.shift : most), 0n);
  if (skewNs >= SKEW_SHOWN_NS) badges.add('clock-skew');
  const status: StepStatus =
    last.status === 'running'
      ? 'running'
      : last.status === 'failed'
        ? 'failed'
        : retried && !earlierOk
          ? 'retried'
          : 'ok';
  const spans = flatMapped(group, (draft) => draft.spans);
  const failure = last.status === 'failed' ? last.error : null;
  const end = attempts.some((attempt) => attempt.end === null)
    ? null
    : attempts.map((attempt) => attempt.end!).reduce(later);
  return {
    id: spanIdOf(head.key) + head.traceId.slice(0, 8),
    typeKey: typeKeyOf(head),
    name: nameOf(head),
    service: head.service.name,
    serviceVersion: head.service.version,
    instance: head.service.instance,
    kind: head.step?.kind || (head.step?.compensates ? 'compensation' : kindOf(head)),
    status,
    result: last.status === 'running' ? null : head.step?.result || null,
    attempts,
    start: attempts.map((attempt) => attempt.start).reduce(earlier),
    end,
    skewMs: Number(skewNs) / 1e6,
    causedBy: [],
    compensates: head.step?.compensates || null,
    compensatedBy: [],
    error: failure,
    spanIds: flatMapped(group, (draft) => [...draft.spans].sort(order)).map((span) => spanIdOf(span.key)),
    traceId: head.traceId,
    shared: false,
    badges: [...badges].sort(),
    receivedMs: head.receivedAtMs,
    endHeardMs: spans.reduce(lastToEnd).receivedAtMs,
    failureHeardMs: status === 'failed' ? failureHeardMs(spans, head) : null,
    aliveMs: msOf(shifted(spans.map((span) => span.end).reduce(later), skewNs)),
    deadlineMs: spans.reduce((least, { step }) => earliestDeadline(least, step?.deadlineMs ?? 0), 0) || null,
    itinerary: itineraryOf(spans),
  };
}

/** What is heard of a failure later, an earlier attempt or the span after its event, does not make it newer. */
function failureHeardMs(spans: readonly Span[], head: Span): number {
  const said = spans.filter(saysFailed);
  return said.length === 0 ? head.receivedAtMs : smallestOf(said.map((span) => span.receivedAtMs));
}
const lastToEnd = (a: Span, b: Span): Span =>
  b.end > a.end || (b.end === a.end && b.receivedAtMs < a.receivedAtMs) ? b : a;
const saysFailed = ({ failed, step }: Span): boolean =>
  failed || step?.result === 'failure' || step?.result === 'timeout';

const earliestDeadline = (a: number, b: number): number => (a === 0 ? b : b === 0 ? a : Math.min(a, b));

/** The slip shrinks on its way: the shortest says what is still to come after all of this step. */
function itineraryOf(spans: readonly Span[]): string[] {
  let shortest: string[] = [];
  for (const span of spans) {
    const text = span.step?.itinerary ?? '';
    if (text === '') continue;
    const names = text
      .split(',', MOST_STOPS)
      .map((name) => name.trim())
      .filter((name) => name !== '');
    if (shortest.length === 0 || names.length < shortest.length) shortest = names;
  }
  return shortest;
}
const MOST_STOPS = 200;

function attemptFromSpans(draft: Draft, work: Span[]): Attempt {
  const { head, shift } = draft;
  const own = work.filter((span) => span.service.name === head.service.name);
  const end = own.map((span) => span.end).reduce(later);
  const failed = saysFailed(head);
  return {
    number: head.step?.attempt || 1,
    start: shifted(head.start, shift),
    end: shifted(end, shift),
    status: failed ? 'failed' : 'ok',
    spanId: spanIdOf(head.key),
    error: failed ? (head.error ?? { type: head.step?.result || 'error', message: '' }) : null,
  };
}

/** What is said of a flow says nothing of the step in which it is said: whoever gives up a flow may do so soundly. */
const ENDS_STEP: ReadonlySet<Milestone> = new Set<Milestone>([
  'step-completed',
  'step-failed',
  'compensation-completed',
  'compensation-failed',
]);

/** Only log events so far: the span has not ended, or its process died. */
function attemptFromMilestones(draft: Draft, milestones: Span[]): Attempt {
  const sorted = [...milestones].sort(order);
  const ended = sorted.findLast((span) => ENDS_STEP.has(span.milestone!));
  const first = sorted[0]!;
  const instant = !sorted.some(
    (span) => span.milestone === 'step-started' || span.milestone === 'compensation-started',
  );
  const end = ended ?? (instant ? sorted[sorted.length - 1]! : null);
  return {
    number: draft.head.step?.attempt || 1,
    start: shifted(first.start, draft.shift),
    end: end && shifted(end.end, draft.shift),
    status: end === null ? 'running' : ended?.failed ? 'failed' : 'ok',
    spanId: spanIdOf(draft.head.key),
    error: ended?.error ?? null,
  };
}

/** DESIGN "Step type": never the raw span name, which may carry ids. */
function typeKeyOf(head: Span): string {
  const what =
    ownName(head) ||
    head.route ||
    (head.message !== null
      ? `${head.role} ${head.message.type || head.message.destination}`
      : (head.milestone ?? head.role));
  return typeKeyIn(head.service.name, what);
}

const typeKeyIn = createJoinedTexts(' ', 20_000);

/** What a step expects is the name of another one. */
const ownName = (head: Span): string => (head.milestone === 'flow-expects' ? '' : (head.step?.name ?? ''));

function nameOf(head: Span): string {
  return ownName(head) || head.route || head.name;
}

function kindOf(head: Span): string {
  if (head.role === 'process' || head.role === 'receive') {
    const kind = head.message?.kind;
    return kind === 'command' || kind === 'reply' || kind === 'timer' || kind === 'query' ? kind : 'event';
  }
  return head.role === 'server' ? 'request' : 'task';
}
export function addBadge(step: Step, badge: Badge): void {
  if (!step.badges.includes(badge)) step.badges = [...step.badges, badge].sort();
}
/**
 * A step undoes the step it names: by the id that its service gave that one, which is then known by our own, or by name;
 * the newest one before it where names repeat.
 */
export function linkCompensations(
  steps: Step[],
  stepOf: ReadonlyMap<string, Step>,
  drafts: readonly Draft[],
): void {
  const undos = steps.filter((step) => step.compensates !== null);
  if (undos.length === 0) return;
  const statedId = new Map<Step, string>();
  for (const { head } of drafts) if (head.step?.id) statedId.set(stepOf.get(head.key)!, head.step.id);
  // Steps stand in the order of their starts.
  const byId = groupedBy(
    steps.filter((step) => step.compensates === null && statedId.has(step)),
    (step) => statedId.get(step)!,
  );
  const byName = groupedBy(steps, (step) => step.name);
  for (const undo of undos) {
    const lastOf = (list: readonly Step[] = []): Step | undefined => {
      const before = countWhile(list, (step) => step.start <= undo.start);
      return list[before - 1] === undo ? list[before - 2] : list[before - 1];
    };
    const known = lastOf(byId.get(undo.compensates!));
    const undone = known ?? lastOf(byName.get(undo.compensates!));
    if (known !== undefined) undo.compensates = known.id;
    undone?.compensatedBy.push(undo.id);
  }
}
