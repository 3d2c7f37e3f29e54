import type { Flow, Hop, Idle, JoinEvidence, Step } from '../../model/flow.ts';
import { unixNanos, type UnixNanos } from '../../model/time.ts';

/**
 * A timeline whose steps and hops are packed as tuples. Tuples need a third of the bytes of
 * objects, which matters because every version of every flow stores its timeline. Instants are
 * text, because a JSON number would round them.
 *
 * Each function that packs stands next to the function that unpacks. `testing/store-conformance.ts`
 * checks that both match.
 */
type PackedTimeline = [
  steps: PackedStep[],
  hops: PackedHop[],
  relations: Flow['relations'],
  unattributed: Flow['unattributed'],
  about?: [Flow['typeVersion'], Flow['deadlineMs'], Flow['expects']],
  /**
   * Process instances that ran the steps. Many steps share few instances, so a step holds only an
   * index into this list.
   */
  instances?: string[],
];
type Timeline = Pick<
  Flow,
  'steps' | 'hops' | 'relations' | 'unattributed' | 'typeVersion' | 'deadlineMs' | 'expects'
>;

export function packTimeline(flow: Timeline): string {
  const instances = new Map<string, number>();
  for (const { instance } of flow.steps)
    if (!instances.has(instance)) instances.set(instance, instances.size);
  return JSON.stringify([
    flow.steps.map((step) => packStep(step, instances.get(step.instance)!)),
    flow.hops.map(packHop),
    flow.relations,
    flow.unattributed,
    [flow.typeVersion, flow.deadlineMs, flow.expects],
    [...instances.keys()],
  ] satisfies PackedTimeline);
}

/**
 * Unpacks a timeline. Returns an empty timeline for an empty text, because lists read rows without
 * the timeline.
 */
export function unpackTimeline(text: string): Timeline {
  const [steps, hops, relations, unattributed, about, instances] = JSON.parse(
    text || '[[],[],[],[]]',
  ) as PackedTimeline;
  return {
    steps: steps.map((step) => unpackStep(step, instances ?? [])),
    hops: hops.map(unpackHop),
    relations,
    unattributed,
    typeVersion: about?.[0] ?? '',
    deadlineMs: about?.[1] ?? null,
    expects: about?.[2] ?? [],
  };
}

type PackedStep = ReturnType<typeof packStep>;
type PackedHop = ReturnType<typeof packHop>;
const nanos = (text: string): UnixNanos => unixNanos(BigInt(text));
const nanosOrNull = (text: string | null): UnixNanos | null => (text === null ? null : nanos(text));
const textOrNull = (instant: UnixNanos | null): string | null =>
  instant === null ? null : String(instant);

function packStep(step: Step, instance: number) {
  return [
    step.id,
    step.typeKey,
    step.name,
    step.service,
    step.kind,
    step.status,
    step.result,
    step.attempts.map(packAttempt),
    String(step.start),
    textOrNull(step.end),
    step.skewMs,
    step.causedBy,
    step.compensates,
    step.compensatedBy,
    step.error,
    step.spanIds,
    step.traceId,
    step.shared,
    step.badges,
    step.serviceVersion,
    step.receivedMs,
    step.aliveMs,
    step.deadlineMs,
    step.itinerary,
    step.failureReceivedMs,
    instance,
    step.endReceivedMs - step.receivedMs,
    ...packRare(step),
  ] as const;
}

type Attempt = Step['attempts'][number];
const packAttempt = (a: Attempt) =>
  [a.number, String(a.start), textOrNull(a.end), a.status, a.spanId, a.error] as const;
const unpackAttempt = (packed: ReturnType<typeof packAttempt>): Attempt => {
  const [number, start, end, status, spanId, error] = packed;
  return { number, start: nanos(start), end: nanosOrNull(end), status, spanId, error };
};

type PackedPeriod = readonly [from: string, to: string];
/**
 * Fields that few steps have. They are at the end of a step's tuple, so that the tuple can omit
 * them.
 */
type PackedRare = readonly [idle?: PackedPeriod[] | null, joinedBy?: JoinEvidence[]];
const unpackIdle = (idle: readonly PackedPeriod[]): Idle[] =>
  idle.map(([from, to]) => ({ start: nanos(from), end: nanos(to) }));
function packRare({ idle, joinedBy }: Step): PackedRare {
  const packed = idle?.map(({ start, end }): PackedPeriod => [String(start), String(end)]);
  if (joinedBy !== undefined) return [packed ?? null, joinedBy];
  return packed === undefined ? [] : [packed];
}

function unpackStep(packed: PackedStep, instances: readonly string[]): Step {
  const [
    id,
    typeKey,
    name,
    service,
    kind,
    status,
    result,
    attempts,
    start,
    end,
    skewMs,
    causedBy,
    compensates,
    compensatedBy,
    error,
    spanIds,
    traceId,
    shared,
    badges,
    serviceVersion,
    receivedMs,
    aliveMs = receivedMs,
    deadlineMs = null,
    itinerary = [],
    failureReceivedMs = status === 'failed' ? receivedMs : null,
    instance = 0,
    endReceivedAfterMs = 0,
    idle,
    joinedBy,
  ] = packed;
  return {
    id,
    typeKey,
    name,
    service,
    kind,
    status,
    result,
    skewMs,
    causedBy,
    compensates,
    compensatedBy,
    error,
    spanIds,
    traceId,
    shared,
    badges,
    serviceVersion,
    instance: instances[instance] ?? '',
    receivedMs,
    endReceivedMs: receivedMs + endReceivedAfterMs,
    aliveMs,
    failureReceivedMs,
    deadlineMs,
    itinerary,
    attempts: attempts.map(unpackAttempt),
    start: nanos(start),
    end: nanosOrNull(end),
    ...(idle && { idle: unpackIdle(idle) }),
    ...(joinedBy && { joinedBy }),
  };
}

function packHop(hop: Hop) {
  const { message: m } = hop;
  return [
    hop.id,
    [m.kind, m.type, m.id, m.system, m.destination] as const,
    hop.from,
    hop.to,
    hop.consumerGroup,
    hop.state,
    hop.attempts,
    hop.sendSpanId,
    hop.receiveSpanId,
    String(hop.sent),
    textOrNull(hop.received),
    hop.waitMs,
    hop.skewed,
    hop.sync,
    hop.evidence,
    hop.confidence,
    textOrNull(hop.returned),
  ] as const;
}

function unpackHop(packed: PackedHop): Hop {
  const [
    id,
    [kind, type, messageId, system, destination],
    from,
    to,
    consumerGroup,
    state,
    attempts,
    sendSpanId,
    receiveSpanId,
    sent,
    received,
    waitMs,
    skewed,
    sync,
    evidence,
    confidence,
    returned = null,
  ] = packed;
  return {
    id,
    from,
    to,
    consumerGroup,
    state,
    attempts,
    sendSpanId,
    receiveSpanId,
    waitMs,
    skewed,
    sync,
    evidence,
    confidence,
    message: { kind, type, id: messageId, system, destination },
    sent: nanos(sent),
    received: nanosOrNull(received),
    returned: nanosOrNull(returned),
  };
}
