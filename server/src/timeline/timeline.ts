import { flatMapped } from '../base/lists.ts';
import type { Badge, Expected, Flow, Hop, Step } from '../model/flow.ts';
import { TRACE } from '../model/names.ts';
import { spanIdOf, type Outcome, type Span } from '../model/span.ts';
import { type UnixNanos, earlier, later, msBetween, msOf, shifted } from '../model/time.ts';
import type { Shifts } from './causal-time.ts';
import { draftSteps } from './drafts.ts';
import { allSegments, type FlowInput } from '../model/flow-input.ts';
import { isSaidOfFlow } from './folding.ts';
import { flowIdOf, flowKeyOf, parseFlowKey, rowTokens, type FlowKey } from '../model/keys.ts';
import { mendedSteps } from '../model/mended.ts';
import { hopsOf } from './hops.ts';
import { proveJoins } from './joins.ts';
import { relationsOf } from './relations.ts';
import { markReplies } from './replies.ts';
import { withSamePlaces } from './same-place.ts';
import { isUnasked } from './unasked.ts';
import { addBadge, causesFirst, linkCompensations, mergeAttempts } from './steps.ts';

/**
 * Builds the timeline of one run, which consists of steps and hops. The function is pure: the same
 * input gives the same timeline, byte for byte.
 */
export function toTimeline(proven: FlowInput, shifts: Shifts, run: number): Flow {
  const input = withSamePlaces(proven);
  const badges = new Set<Badge>();
  const drafts = draftSteps(input, shifts, badges);
  const { steps: merged, stepOf } = mergeAttempts(drafts);
  const hops = hopsOf(input, shifts, stepOf, drafts, badges);
  markReplies(merged, hops);
  const steps = causesFirst(merged, hops);
  linkCompensations(merged, stepOf, drafts);
  proveJoins(input, steps, hops, stepOf);
  const flow = summarize(input, shifts, run, steps, hops, stepOf, badges);
  if (isUnasked(input)) flow.unasked = true;
  return flow;
}

/**
 * Badges of steps that are also shown on the flow, because they affect the flow's own times
 * (`clock-skew`) or its count of work done (`duplicate-processing`).
 */
const OF_FLOW_TOO: ReadonlySet<Badge> = new Set<Badge>(['clock-skew', 'duplicate-processing']);

/** Adds badges that tell where the spans come from: `sampled` and `imported`. */
function markOrigin(spans: readonly Span[], badges: Set<Badge>): void {
  if (spans.some((span) => span.sampled)) badges.add('sampled');
  if (spans.every(({ service }) => service.imported)) badges.add('imported');
}

function summarize(
  input: FlowInput,
  shifts: Shifts,
  run: number,
  steps: Step[],
  hops: Hop[],
  stepOf: Map<string, Step>,
  badges: Set<Badge>,
): Flow {
  const spans = flatMapped(input.segments, (segment) => segment.spans);
  const head = identityOf(input.key, spans);
  if (input.context.length > 0) badges.add('shared');
  if (input.truncated) badges.add('truncated');
  markOrigin(spans, badges);
  for (const step of steps)
    for (const badge of step.badges) if (OF_FLOW_TOO.has(badge)) badges.add(badge);
  markBrokenContext(input, head.flowId, stepOf, badges);

  let started = steps.map((step) => step.start).reduce(earlier);
  let lastProgress = started;
  let rawStart = spans[0]!.start;
  let rawEnd = spans[0]!.end;
  let lastReceivedMs = 0;
  const keys = new Map<string, string>();
  for (const segment of allSegments(input)) {
    for (const span of segment.spans) {
      const shift = shifts.of(span);
      if (isSaidOfFlow(span)) started = earlier(started, shifted(span.start, shift));
      lastProgress = later(lastProgress, shifted(span.end, shift));
      rawStart = earlier(rawStart, span.start);
      rawEnd = later(rawEnd, span.end);
      lastReceivedMs = Math.max(lastReceivedMs, span.receivedAtMs);
      // A shared batch belongs to several flows, so its keys identify none of them.
      if (segment.shared) continue;
      for (const [name, value] of span.keys)
        if (!keys.has(name) || value < keys.get(name)!) keys.set(name, value);
    }
  }
  const end = endOf(input, shifts, steps, badges);
  const idleOutcome = end === null ? settlesAsOf(steps, hops) : null;
  const compensating = steps.some((step) => step.kind === 'compensation');
  const phase = end !== null ? 'ended' : compensating ? 'compensating' : 'open';
  const status = end !== null ? end.outcome : phase === 'compensating' ? 'compensating' : 'active';
  const until = end?.at ?? lastProgress;
  const firstKey = [...keys].sort(([a], [b]) => (a < b ? -1 : 1))[0];
  const flow: Flow = {
    id: flowIdOf(input.key, run),
    environment: head.environment,
    type: head.type || earliestCauseless(steps, hops).typeKey,
    typeVersion: head.version,
    deadlineMs: head.deadlineMs,
    expects: expectsOf(input, shifts),
    key: head.flowId || (firstKey?.[1] ?? ''),
    run,
    phase,
    outcome: end?.outcome ?? null,
    idleOutcome,
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
      spanId: spanIdOf(span.key),
      name: span.name,
      service: span.service.name,
      underSpanId: spanIdOf(under.key),
    })),
    aliases: [],
    spanCount: input.spanCount,
    members: spans.map((span) => span.key),
    context: input.context.map((span) => span.key),
    flowId: head.flowId,
    tokens: rowTokens(
      spans,
      input.segments.filter((segment) => segment.cycle).map((segment) => segment.head),
    ),
    lastReceivedMs,
    waitingFor: [],
    findings: [],
    lookAtMs: null,
  };
  if (spans.some(({ milestone }) => milestone === 'flow-started')) flow.startDeclared = true;
  return flow;
}

const MAX_EXPECTS = 200;
/**
 * Returns the steps that services declared to come next in this flow (`flow-expects`), oldest
 * declaration first.
 */
function expectsOf(input: FlowInput, shifts: Shifts): Expected[] {
  const said: Expected[] = [];
  for (const segment of input.segments)
    for (const span of segment.spans) {
      if (span.milestone !== 'flow-expects' || !span.step?.name) continue;
      said.push({
        step: span.step.name,
        service: null,
        saidAtMs: msOf(shifted(span.start, shifts.of(span))),
        deadlineMs: span.step.deadlineMs || null,
        bySpanId: spanIdOf(span.key),
      });
    }
  return said
    .sort((a, b) => a.saidAtMs - b.saidAtMs || (a.step < b.step ? -1 : 1))
    .slice(0, MAX_EXPECTS);
}

interface Identity {
  environment: string;
  flowId: string;
  type: string;
  version: string;
  deadlineMs: number | null;
  parentId: string | null;
}

function identityOf(key: FlowKey, spans: Span[]): Identity {
  const parsed = parseFlowKey(key);
  const isNamed = parsed.namedBy === 'id';
  const environment = isNamed ? parsed.environment : spans[0]!.service.environment;
  let declared = isNamed ? parsed.type : '';
  let version = '';
  let deadlineMs: number | null = null;
  let parentId: string | null = null;
  for (const { flow } of spans) {
    if (flow === null) continue;
    if (!isNamed && flow.type !== '' && (declared === '' || flow.type < declared))
      declared = flow.type;
    if (flow.version > version) version = flow.version;
    if (flow.deadlineMs > 0) deadlineMs = Math.min(deadlineMs ?? Infinity, flow.deadlineMs);
    if (flow.parentId !== '') {
      const parent =
        flow.parentType === ''
          ? flow.parentId
          : flowIdOf(flowKeyOf(environment, flow.parentId, flow.parentType), 1);
      if (parentId === null || parent < parentId) parentId = parent;
    }
  }
  const flowId = isNamed ? parsed.id : '';
  return { environment, flowId, type: declared, version, deadlineMs, parentId };
}

/**
 * Adds badges for spans with another flow id than the flow: `broken-context` if the span's id is
 * ambient, because context then leaked from another flow; `id-conflict` otherwise.
 */
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
 * Returns how and when the flow ended. The earliest declared end in causal time counts. A request
 * without a declared end ends with its root span. Returns null if the flow is open.
 */
function endOf(input: FlowInput, shifts: Shifts, steps: Step[], badges: Set<Badge>): End | null {
  let declared: End | null = null;
  const outcomes = new Set<Outcome>();
  for (const segment of input.segments)
    for (const span of segment.spans) {
      const outcome = span.flow?.outcome ?? '';
      if (outcome === '') continue;
      outcomes.add(outcome);
      const at = shifted(span.end, shifts.of(span));
      if (
        declared === null ||
        at < declared.at ||
        (at === declared.at && outcome < declared.outcome)
      )
        declared = { at, outcome };
    }
  if (outcomes.size > 1) badges.add('contradictory-outcome');
  if (declared !== null) return declared;

  const first = input.segments[0]!;
  const isRequest =
    input.key.startsWith(TRACE) &&
    input.segments.every(
      (segment) => !segment.orphan && segment.spans.every((span) => span.message === null),
    ) &&
    input.segments.length === 1 &&
    first.head.milestone === null;
  if (isRequest) {
    const at = later(shifted(first.head.end, shifts.get(first)), steps[0]!.start);
    if (goesOn(first.head, at, steps)) badges.add('work-after-answer');
    return { at, outcome: first.head.failed ? 'failed' : 'completed' };
  }
  return null;
}

/**
 * A step that ends less than this time, ns, after the answer does not count as continuing, because
 * some clocks count whole milliseconds.
 */
const ONE_CLOCK_NS = 1_000_000n;
/** Maximum difference, ns, between the clocks of two processes if neither clock was found wrong. */
const TWO_CLOCKS_NS = 1_000_000_000n;

/**
 * Returns whether a step continues after the request was answered, that is, after its root span
 * ended. Without this check, minutes of work could go unreported. Work of another process counts
 * only if a clock error cannot explain it: the step lasted longer than the request, or ended far
 * after the answer.
 */
function goesOn(
  { service, start, end }: Span,
  answered: UnixNanos,
  steps: readonly Step[],
): boolean {
  return steps.some((step) => {
    if (step.end === null || step.end - answered <= ONE_CLOCK_NS) return false;
    const isOwn = step.service === service.name && step.instance === service.instance;
    return isOwn || step.end - step.start > end - start || step.end - answered > TWO_CLOCKS_NS;
  });
}

/**
 * Returns the outcome that the flow has once it is idle; null while a step is running. `detect`
 * decides whether a waiting message is still expected to be consumed. A failure that a later try
 * mended does not count.
 */
function settlesAsOf(steps: Step[], hops: Hop[]): Outcome | null {
  if (steps.some((step) => step.status === 'running')) return null;
  if (steps.some((step) => step.compensates !== null && step.status !== 'failed'))
    return 'compensated';
  const failed = steps.filter((step) => step.status === 'failed').length;
  return failed > mendedSteps(steps, hops).size ? 'failed' : 'completed';
}

function earliestCauseless(steps: Step[], hops: Hop[]): Step {
  const caused = new Set(hops.map((hop) => hop.to));
  return steps.find((step) => !caused.has(step.id)) ?? steps[0]!;
}
