import { createHash } from 'node:crypto';
import {
  evidence,
  type Attempt,
  type Badge,
  type Flow,
  type Hop,
  type Relation,
  type Step,
  type StepStatus,
} from '../model/flow.ts';
import type { MessageKind, Outcome, Span } from '../model/span.ts';
import { earlier, later, msBetween, unixNanos, type UnixNanos } from '../model/time.ts';
import { order, type FlowInput, type InputSegment } from './flow-input.ts';
import { messageTokens, referrerName, weakTokens } from './graph.ts';
import type { Shifts } from './runs.ts';

/**
 * One run of one flow as steps and hops. Pure: the same input gives the same timeline, byte for byte; `settled` says
 * whether the flow has been quiet long enough to be called ended when nothing declared its end.
 */
export function toTimeline(input: FlowInput, shifts: Shifts, run: number, settled: boolean): Flow {
  const badges = new Set<Badge>();
  const drafts = draftSteps(input, shifts, badges);
  const { steps, stepOf } = mergeAttempts(drafts);
  const hops = hopsOf(input, shifts, stepOf, drafts, badges);
  linkCompensations(steps);
  return summarize(input, shifts, run, settled, steps, hops, stepOf, badges);
}

/** Smaller differences are the SDK's millisecond clock, not skew. */
const SKEW_SHOWN_NS = 1_000_000n;

interface Draft {
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
function draftSteps(input: FlowInput, shifts: Shifts, badges: Set<Badge>): Draft[] {
  const drafts: Draft[] = [];
  const draftOf = new Map<string, Draft>();
  const byKey = new Map<string, Span>();
  for (const segment of input.segments) for (const span of segment.spans) byKey.set(span.key, span);
  // Parents first: a span that continues the work of another segment's span (same service, new id) folds into it.
  for (const segment of topDown(input.segments, byKey)) {
    // A milestone comes before the span it happened in: that one is running, not missing.
    if (segment.orphan && segment.head.milestone === null) badges.add('missing-parent');
    if (segment.cycle) badges.add('cycle');
    for (const span of topDownSpans(segment.spans)) {
      if (span.warnings.length > 0) badges.add('repaired');
      const parent = span.parentId === '' ? undefined : draftOf.get(span.traceId + span.parentId);
      const parentSpan = parent && byKey.get(span.traceId + span.parentId);
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
      const up = byKey.get(segment.head.traceId + segment.head.parentId);
      segment = up && segmentOf.get(up);
    }
    sorted.push(...path.reverse());
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
    const up = span.traceId + span.parentId;
    if (span === spans[0] || span.parentId === '' || !inside.has(up)) roots.push(span);
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
    const above = draftOf.get(draft.head.traceId + draft.head.parentId);
    if (above === undefined || above.head.role !== 'receive' || gone.has(above)) continue;
    if (above.head.service.name !== draft.head.service.name) continue;
    draft.spans.push(...above.spans);
    for (const span of above.spans) draftOf.set(span.key, draft);
    gone.add(above);
  }
  return gone.size === 0 ? drafts : drafts.filter((draft) => !gone.has(draft));
}

function attemptKeyOf(draft: Draft): string {
  const { head, segment } = draft;
  const { message } = head;
  if (message === null || head !== segment.head || (head.role !== 'process' && head.role !== 'receive'))
    return '';
  const cause = segment.causes.find((c) => c.where === 'flow');
  const of = message.id !== '' ? message.id : (cause?.key ?? '');
  return of === ''
    ? ''
    : `${of}\0${head.service.name}\0${message.group}\0${head.step?.name ?? ''}\0${cause ? '' : message.destination}`;
}

interface Merged {
  steps: Step[];
  /** Step of every member span, by span key. */
  stepOf: Map<string, Step>;
}

/** Same message, same group: attempts of one step, in time order. */
function mergeAttempts(drafts: Draft[]): Merged {
  const groups = new Map<string, Draft[]>();
  for (const draft of drafts) {
    const key = draft.attemptKey || draft.head.key;
    const group = groups.get(key);
    if (group) group.push(draft);
    else groups.set(key, [draft]);
  }
  const steps: Step[] = [];
  const stepOf = new Map<string, Step>();
  for (const group of groups.values()) {
    group.sort((a, b) => order(a.head, b.head));
    const step = toStep(group);
    steps.push(step);
    for (const draft of group) for (const span of draft.spans) stepOf.set(span.key, step);
  }
  steps.sort((a, b) => (a.start !== b.start ? (a.start < b.start ? -1 : 1) : a.id < b.id ? -1 : 1));
  return { steps, stepOf };
}

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
  const earlierOk = attempts.slice(0, -1).some((attempt) => attempt.status === 'ok');
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
  const failure = last.status === 'failed' ? last.error : null;
  const end = attempts.some((attempt) => attempt.end === null)
    ? null
    : attempts.map((attempt) => attempt.end!).reduce(later);
  return {
    id: head.spanId + head.traceId.slice(0, 8),
    typeKey: typeKeyOf(head),
    name: nameOf(head),
    service: head.service.name,
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
    spanIds: group.flatMap((draft) => [...draft.spans].sort(order).map((span) => span.spanId)),
    traceId: head.traceId,
    shared: false,
    badges: [...badges].sort(),
  };
}

function attemptFromSpans(draft: Draft, work: Span[]): Attempt {
  const { head, shift } = draft;
  const own = work.filter((span) => span.service.name === head.service.name);
  const end = own.map((span) => span.end).reduce(later);
  const failed = head.failed || head.step?.result === 'failure' || head.step?.result === 'timeout';
  return {
    number: head.step?.attempt || 1,
    start: unixNanos(head.start + shift),
    end: unixNanos(end + shift),
    status: failed ? 'failed' : 'ok',
    spanId: head.spanId,
    error: failed ? (head.error ?? { type: head.step?.result || 'error', message: '' }) : null,
  };
}

/** Only log events so far: the span has not ended, or its process died. */
function attemptFromMilestones(draft: Draft, milestones: Span[]): Attempt {
  const sorted = [...milestones].sort(order);
  const ended = sorted.findLast(
    (span) =>
      span.milestone!.endsWith('completed') ||
      span.milestone!.endsWith('failed') ||
      span.milestone === 'flow-cancelled',
  );
  const first = sorted[0]!;
  const instant = !sorted.some(
    (span) => span.milestone === 'step-started' || span.milestone === 'compensation-started',
  );
  const end = ended ?? (instant ? sorted[sorted.length - 1]! : null);
  return {
    number: draft.head.step?.attempt || 1,
    start: unixNanos(first.start + draft.shift),
    end: end && unixNanos(end.end + draft.shift),
    status: end === null ? 'running' : ended?.failed ? 'failed' : 'ok',
    spanId: draft.head.spanId,
    error: ended?.error ?? null,
  };
}

/** DESIGN "Step type": never the raw span name, which may carry ids. */
function typeKeyOf(head: Span): string {
  const what =
    head.step?.name ||
    head.route ||
    (head.message !== null
      ? `${head.role} ${head.message.type || head.message.destination}`
      : (head.milestone ?? head.role));
  return `${head.service.name} ${what}`;
}

function nameOf(head: Span): string {
  return head.step?.name || head.route || head.name;
}

function kindOf(head: Span): string {
  if (head.role === 'process' || head.role === 'receive') {
    const kind = head.message?.kind;
    return kind === 'command' || kind === 'reply' || kind === 'timer' || kind === 'query' ? kind : 'event';
  }
  return head.role === 'server' ? 'request' : 'task';
}

function hopsOf(
  input: FlowInput,
  shifts: Shifts,
  stepOf: Map<string, Step>,
  drafts: Draft[],
  badges: Set<Badge>,
): Hop[] {
  const segmentOf = new Map<Span, InputSegment>();
  for (const segment of input.segments) for (const span of segment.spans) segmentOf.set(span, segment);
  const corrected = (span: Span, at: UnixNanos): UnixNanos => {
    const segment = segmentOf.get(span);
    return segment === undefined ? at : unixNanos(at + (shifts.get(segment) ?? 0n));
  };
  const hops = new Map<string, Hop>();
  const consumed = new Set<string>();
  for (const draft of drafts) {
    const to = stepOf.get(draft.head.key)!;
    if (draft.calledBy !== null) {
      const { client, from } = draft.calledBy;
      const fromStep = stepOf.get(from.head.key)!;
      add({
        id: `${client.spanId}>${to.id}`,
        message: {
          kind: draft.head.message?.kind || 'command',
          type: draft.head.route || draft.head.name,
          id: '',
          system: draft.head.route.includes('/') && !/^[A-Z]+ /.test(draft.head.route) ? 'rpc' : 'http',
          destination: draft.head.service.name,
        },
        from: fromStep.id,
        to: to.id,
        consumerGroup: null,
        state: 'delivered',
        attempts: 1,
        sendSpanId: client.spanId,
        receiveSpanId: draft.head.spanId,
        sent: unixNanos(client.start + from.shift),
        received: unixNanos(draft.head.start + draft.shift),
        waitMs: Math.max(
          0,
          msBetween(unixNanos(client.start + from.shift), unixNanos(draft.head.start + draft.shift)),
        ),
        skewed: false,
        sync: true,
        evidence: [evidence('parent')],
        confidence: evidence('parent').strength,
      });
      continue;
    }
    if (draft.head !== draft.segment.head) continue;
    for (const cause of draft.segment.causes) {
      if (cause.kinds.some((kind) => kind === 'message-id' || kind === 'message-position')) {
        badges.add('broken-context');
        addBadge(to, 'broken-context');
      }
      if (cause.where === 'unseen') {
        badges.add('unseen-cause');
        addBadge(to, 'unseen-cause');
        continue;
      }
      if (draft.head.role !== 'process' && draft.head.role !== 'receive') continue;
      const send = cause.span!;
      consumed.add(send.key);
      if (cause.where !== 'flow') badges.add('shared');
      const from = stepOf.get(send.key);
      const sentEnd = corrected(send, send.end);
      const received = unixNanos(draft.head.start + draft.shift);
      const skewed = draft.shift >= SKEW_SHOWN_NS;
      if (skewed) badges.add('clock-skew');
      add({
        id: `${send.spanId}>${to.id}`,
        message: messageOf(send, draft.head),
        from: from?.id ?? null,
        to: to.id,
        consumerGroup: draft.head.message?.group || null,
        state: draft.head.message?.deadLettered ? 'dead-lettered' : 'delivered',
        attempts: to.attempts.length,
        sendSpanId: send.spanId,
        receiveSpanId: draft.head.spanId,
        sent: corrected(send, send.start),
        received,
        waitMs: Math.max(0, msBetween(sentEnd, received)),
        skewed,
        sync: false,
        evidence: cause.kinds.map(evidence),
        confidence: Math.max(...cause.kinds.map((kind) => evidence(kind).strength)),
      });
    }
  }
  for (const other of input.consumedElsewhere) consumed.add(other.send.key);
  addWaiting();
  const list = [...hops.values()].sort((a, b) =>
    a.sent !== b.sent ? (a.sent < b.sent ? -1 : 1) : a.id < b.id ? -1 : 1,
  );
  const byId = new Map<string, Step>();
  for (const step of stepOf.values()) byId.set(step.id, step);
  for (const hop of list) if (hop.to !== null) byId.get(hop.to)!.causedBy.push(hop.id);
  return list;

  /** One hop per (send, step): later attempts keep the first delivery's wait. */
  function add(hop: Hop): void {
    const known = hops.get(hop.id);
    if (known === undefined || hop.received! < known.received!) hops.set(hop.id, hop);
  }

  /** Sent and not seen consumed. A create span and its send are one sending; the create names the message. */
  function addWaiting(): void {
    for (const segment of input.segments) {
      const creates = new Map<string, Span>();
      for (const span of segment.spans) if (span.role === 'create') creates.set(span.key, span);
      const sendOf = new Map<string, Span>();
      for (const span of segment.spans) {
        if (span.role !== 'send') continue;
        const created = [span.traceId + span.parentId, ...span.links.map((link) => link.key)].filter((key) =>
          creates.has(key),
        );
        for (const key of created) sendOf.set(key, span);
        if (created.length === 0 && !consumed.has(span.key)) addWaitingHop(span, span);
      }
      for (const [key, create] of creates) {
        const send = sendOf.get(key);
        if (!consumed.has(key) && !(send && consumed.has(send.key))) addWaitingHop(create, send ?? create);
      }
    }
  }

  function addWaitingHop(message: Span, send: Span): void {
    const id = `${message.spanId}>`;
    hops.set(id, {
      id,
      message: messageOf(message, send),
      from: stepOf.get(send.key)?.id ?? null,
      to: null,
      consumerGroup: null,
      state: 'waiting',
      attempts: 0,
      sendSpanId: message.spanId,
      receiveSpanId: null,
      sent: corrected(send, send.start),
      received: null,
      waitMs: null,
      skewed: false,
      sync: false,
      evidence: [],
      confidence: 1,
    });
  }
}

function messageOf(send: Span, receive: Span | null): Hop['message'] {
  const s = send.message;
  const r = receive?.message ?? null;
  const pick = (field: 'type' | 'id' | 'system' | 'destination'): string => (s?.[field] || r?.[field]) ?? '';
  const kind: MessageKind = s?.kind || r?.kind || 'event';
  return {
    kind,
    type: pick('type'),
    id: pick('id'),
    system: pick('system'),
    destination: pick('destination'),
  };
}

function addBadge(step: Step, badge: Badge): void {
  if (!step.badges.includes(badge)) step.badges = [...step.badges, badge].sort();
}

/** A step undoes the step it names, by id or by name; the newest one before it where names repeat. */
function linkCompensations(steps: Step[]): void {
  for (const undo of steps) {
    if (undo.compensates === null) continue;
    const undone = steps.findLast(
      (step) =>
        step !== undo &&
        step.start <= undo.start &&
        (step.id === undo.compensates || step.name === undo.compensates),
    );
    undone?.compensatedBy.push(undo.id);
  }
}

function summarize(
  input: FlowInput,
  shifts: Shifts,
  run: number,
  settled: boolean,
  steps: Step[],
  hops: Hop[],
  stepOf: Map<string, Step>,
  badges: Set<Badge>,
): Flow {
  const spans = input.segments.flatMap((segment) => segment.spans);
  const head = identityOf(input.key, spans);
  if (input.context.length > 0) badges.add('shared');
  if (input.truncated) badges.add('truncated');
  if (steps.some((step) => step.badges.includes('duplicate-processing'))) badges.add('duplicate-processing');
  markBrokenContext(input, head.flowId, stepOf, badges);

  const started = steps.map((step) => step.start).reduce(earlier);
  let lastProgress = started;
  let rawStart = spans[0]!.start;
  let rawEnd = spans[0]!.end;
  let lastReceivedMs = 0;
  const keys = new Map<string, string>();
  for (const segment of input.segments) {
    const shift = shifts.get(segment)!;
    for (const span of segment.spans) {
      lastProgress = later(lastProgress, unixNanos(span.end + shift));
      rawStart = earlier(rawStart, span.start);
      rawEnd = later(rawEnd, span.end);
      lastReceivedMs = Math.max(lastReceivedMs, span.receivedAtMs);
      for (const [name, value] of span.keys)
        if (!keys.has(name) || value < keys.get(name)!) keys.set(name, value);
    }
  }
  const end = endOf(input, shifts, steps, hops, settled, lastProgress, badges);
  const compensating = steps.some((step) => step.kind === 'compensation');
  const phase = end !== null ? 'ended' : compensating ? 'compensating' : 'open';
  const status = end !== null ? end.outcome : phase === 'compensating' ? 'compensating' : 'active';
  const until = end?.at ?? lastProgress;
  const firstKey = [...keys].sort(([a], [b]) => (a < b ? -1 : 1))[0];
  return {
    id: flowIdOf(input.key, run),
    environment: head.environment,
    type: head.type || earliestCauseless(steps, hops).typeKey,
    key: head.flowId || (firstKey?.[1] ?? ''),
    run,
    phase,
    outcome: end?.outcome ?? null,
    health: 'ok',
    status,
    statusSince: end?.at ?? started,
    started,
    lastProgress,
    ended: end?.at ?? null,
    durationMs: Math.max(0, msBetween(started, later(until, started))),
    rawDurationMs: Math.max(0, msBetween(rawStart, rawEnd)),
    failedSteps: steps.filter((step) => step.status === 'failed').length,
    services: [...new Set(steps.map((step) => step.service))].sort(),
    keys: [...keys].sort(([a], [b]) => (a < b ? -1 : 1)),
    parentId: head.parentId,
    incomplete: badges.has('missing-parent') || badges.has('unseen-cause') || input.truncated,
    truncated: input.truncated,
    badges: [...badges].sort(),
    steps,
    hops,
    relations: relationsOf(input),
    unattributed: input.unattributed.map(({ span, under }) => ({
      traceId: span.traceId,
      spanId: span.spanId,
      name: span.name,
      service: span.service.name,
      underSpanId: under.spanId,
    })),
    aliases: [],
    spanCount: input.spanCount,
    members: membersOf(spans),
    context: membersOf(input.context),
    flowId: head.flowId,
    tokens: tokensOf(spans, head),
    lastReceivedMs,
  };
}

interface Identity {
  environment: string;
  flowId: string;
  type: string;
  parentId: string | null;
}

function identityOf(key: string, spans: Span[]): Identity {
  const [kind = '', environment = '', flowId = '', type = ''] = key.split('\0');
  let declared = type;
  let parentId: string | null = null;
  for (const { flow } of spans) {
    if (flow === null) continue;
    if (kind !== 'i' && flow.type !== '' && (declared === '' || flow.type < declared)) declared = flow.type;
    if (flow.parentId !== '') {
      const parent = flowIdOf(`i\0${environment}\0${flow.parentId}\0${flow.parentType}`, 1);
      if (parentId === null || parent < parentId) parentId = parent;
    }
  }
  return kind === 'i'
    ? { environment, flowId, type: declared, parentId }
    : { environment: spans[0]!.service.environment, flowId: '', type: declared, parentId };
}

/** Public id of a flow: the trace that names it, or a hash of (environment, type, id) and the run. */
export function flowIdOf(key: string, run: number): string {
  const name = key.startsWith('t\0')
    ? key.slice(2)
    : createHash('sha1').update(key).digest('hex').slice(0, 24);
  return run === 1 ? name : `${name}.${run}`;
}

/** An ambient id that a stronger evidence contradicts: context leaked from another flow. */
function markBrokenContext(
  input: FlowInput,
  flowId: string,
  stepOf: Map<string, Step>,
  badges: Set<Badge>,
): void {
  for (const segment of input.segments)
    for (const span of segment.spans) {
      const id = span.flow?.id ?? '';
      if (id === '' || id === flowId) continue;
      const badge: Badge = span.flow!.source === 'ambient' ? 'broken-context' : 'id-conflict';
      badges.add(badge);
      const step = stepOf.get(span.key);
      if (step) addBadge(step, badge);
    }
}

interface End {
  at: UnixNanos;
  outcome: Outcome;
}

/**
 * How and when the flow ended: the earliest declared end in causal time; for a request, its root's; for everything
 * else, quiet with nothing owed.
 */
function endOf(
  input: FlowInput,
  shifts: Shifts,
  steps: Step[],
  hops: Hop[],
  settled: boolean,
  lastProgress: UnixNanos,
  badges: Set<Badge>,
): End | null {
  let declared: End | null = null;
  const outcomes = new Set<Outcome>();
  for (const segment of input.segments)
    for (const span of segment.spans) {
      const outcome = span.flow?.outcome ?? '';
      if (outcome === '') continue;
      outcomes.add(outcome);
      const at = unixNanos(span.end + shifts.get(segment)!);
      if (declared === null || at < declared.at || (at === declared.at && outcome < declared.outcome))
        declared = { at, outcome };
    }
  if (outcomes.size > 1) badges.add('contradictory-outcome');
  if (declared !== null) return declared;

  const failed = steps.some((step) => step.status === 'failed' && step.compensatedBy.length === 0);
  const outcome: Outcome = failed ? 'failed' : 'completed';
  const first = input.segments[0]!;
  const isRequest =
    input.key.startsWith('t\0') &&
    input.segments.every(
      (segment) => !segment.orphan && segment.spans.every((span) => span.message === null),
    ) &&
    input.segments.length === 1 &&
    first.head.milestone === null;
  if (isRequest) {
    const at = unixNanos(first.head.end + shifts.get(first)!);
    return { at: later(at, steps[0]!.start), outcome: first.head.failed ? 'failed' : 'completed' };
  }
  const running = steps.some((step) => step.status === 'running');
  const waiting = hops.some((hop) => hop.state === 'waiting');
  if (!settled || running || waiting) return null;
  return { at: lastProgress, outcome };
}

function earliestCauseless(steps: Step[], hops: Hop[]): Step {
  const caused = new Set(hops.flatMap((hop) => (hop.to === null ? [] : [hop.to])));
  return steps.find((step) => !caused.has(step.id)) ?? steps[0]!;
}

function relationsOf(input: FlowInput): Relation[] {
  const relations = new Map<string, Relation>();
  const add = (relation: Relation): void =>
    void relations.set(
      `${relation.kind} ${relation.flowId ?? ''} ${relation.target} ${relation.viaSpanId}`,
      relation,
    );
  for (const segment of input.segments) {
    const causes = new Set(segment.causes.map((cause) => cause.key));
    for (const cause of segment.causes)
      if (cause.where === 'elsewhere' && cause.flowKey !== '')
        add({
          flowId: flowIdOf(cause.flowKey, 1),
          kind: 'caused-by',
          viaSpanId: segment.head.spanId,
          target: cause.key,
        });
    for (const span of segment.spans)
      for (const link of span.links)
        if (!causes.has(link.key))
          add({ flowId: null, kind: 'link', viaSpanId: span.spanId, target: link.key });
  }
  for (const other of input.consumedElsewhere)
    add({
      flowId: flowIdOf(other.flowKey, 1),
      kind: 'causes',
      viaSpanId: other.send.spanId,
      target: other.consumer.key,
    });
  return [...relations].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, relation]) => relation);
}

function membersOf(spans: Span[]): Record<string, string[]> {
  const members: Record<string, string[]> = {};
  for (const span of spans) (members[span.traceId] ??= []).push(span.spanId);
  return members;
}

function tokensOf(spans: Span[], head: Identity): string[] {
  const tokens = new Set<string>();
  if (head.flowId !== '') tokens.add(`i\0${head.environment}\0${head.flowId}`);
  for (const span of spans) {
    for (const token of spanTokens(span)) tokens.add(token);
    // "I refer to that trace": whoever comes back with that trace needs this flow to know that it was heard.
    for (const link of span.links) tokens.add(referrerName(link.traceId));
  }
  return [...tokens].sort();
}

const spanTokens = (span: Span): string[] => [...messageTokens(span), ...weakTokens(span)];
