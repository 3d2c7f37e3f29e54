import { seenAt, type Flow, type FlowChange, type Hop, type Step, type Unowned } from '../model/flow.ts';
import { eventsOf, longestWait, mostAttempts } from '../model/search-match.ts';
import { unixNanos, type UnixNanos } from '../model/time.ts';
import type { FlowRow } from './port.ts';

/** Columns of `flows` in the order in which `flowRow` writes them. */
export const FLOW_COLUMNS = [
  'id',
  'version',
  'deleted',
  'moved_to',
  'environment',
  'type',
  'key',
  'flow_id',
  'run',
  'phase',
  'outcome',
  'health',
  'status',
  'status_since',
  'started',
  'last_progress',
  'ended',
  'duration_ms',
  'raw_duration_ms',
  'step_count',
  'failed_steps',
  'services',
  'key_names',
  'key_values',
  'parent_id',
  'incomplete',
  'truncated',
  'badges',
  'span_count',
  'settles_as',
  'look_at',
  'judgement',
  'finding_rules',
  'waiting_steps',
  'incident_keys',
  'event_names',
  'event_times',
  'hop_types',
  'most_attempts',
  'longest_wait_ms',
  'settles_at',
  'last_received',
  'computed_ms',
  'up_to_batch',
  'trace_ids',
  'tokens',
  'members',
  'context',
  'step_names',
  'step_services',
  'step_statuses',
  'step_starts',
  'hop_destinations',
  'hop_from_services',
  'hop_to_services',
  'timeline',
] as const;

export function flowRows(
  changes: readonly FlowChange[],
  upToBatch: number,
  settlesAt: (flow: Flow) => number,
): Buffer {
  let text = '';
  for (const change of changes) text += `${JSON.stringify(rowOf(change, upToBatch, settlesAt))}\n`;
  return Buffer.from(text);
}

function rowOf(change: FlowChange, upToBatch: number, settlesAt: (flow: Flow) => number): unknown[] {
  const { flow } = change;
  if (change.unowned !== undefined) return unownedRow(change, change.unowned, upToBatch);
  if (flow === null) return grave(change, upToBatch);
  const events = eventsOf(flow);
  const serviceOf = new Map(flow.steps.map((step) => [step.id, step.service]));
  const nameOf = (stepId: string | null): string => (stepId === null ? '' : (serviceOf.get(stepId) ?? ''));
  return [
    flow.id,
    change.version,
    0,
    '',
    flow.environment,
    flow.type,
    flow.key,
    flow.flowId,
    flow.run,
    flow.phase,
    flow.outcome ?? '',
    flow.health,
    flow.status,
    String(flow.statusSince),
    String(flow.started),
    String(flow.lastProgress),
    flow.ended === null ? null : String(flow.ended),
    flow.durationMs,
    flow.rawDurationMs,
    flow.steps.length,
    flow.failedSteps,
    flow.services,
    flow.keys.map(([name]) => name),
    flow.keys.map(([, value]) => value),
    flow.parentId ?? '',
    flow.incomplete ? 1 : 0,
    flow.truncated ? 1 : 0,
    flow.badges,
    flow.spanCount,
    flow.settlesAs ?? '',
    flow.lookAtMs === null ? 0 : Math.ceil(flow.lookAtMs),
    JSON.stringify([flow.waitingFor, flow.findings]),
    flow.findings.map((finding) => finding.rule),
    flow.waitingFor.map((waiting) => waiting.step),
    flow.findings.map((finding) => finding.incident),
    events.map(({ name }) => name),
    events.map(({ atMs }) => atMs),
    flow.hops.map((hop) => hop.message.type),
    mostAttempts(flow),
    longestWait(flow),
    settlesAt(flow),
    flow.lastReceivedMs,
    Math.floor(change.version / 1000),
    upToBatch,
    Object.keys(flow.members).concat(Object.keys(flow.context).filter((id) => !(id in flow.members))),
    flow.tokens,
    JSON.stringify(flow.members),
    JSON.stringify(flow.context),
    flow.steps.map((step) => step.name),
    flow.steps.map((step) => step.service),
    flow.steps.map((step) => step.status),
    flow.steps.map((step) => String(step.start)),
    flow.hops.map((hop) => hop.message.destination),
    flow.hops.map((hop) => nameOf(hop.from)),
    flow.hops.map((hop) => nameOf(hop.to)),
    JSON.stringify([
      flow.steps.map(packStep),
      flow.hops.map(packHop),
      flow.relations,
      flow.unattributed,
      [flow.typeVersion, flow.deadlineMs, flow.expects],
    ]),
  ];
}

type Columns = Partial<Record<(typeof FLOW_COLUMNS)[number], unknown>>;

/** `deleted`: 1 is a grave; 2 is a span that belongs to no flow: found by its names, listed nowhere. */
function unownedRow(change: FlowChange, unowned: Unowned, upToBatch: number): unknown[] {
  return filled({
    id: change.id,
    version: change.version,
    deleted: 2,
    phase: 'ended',
    ended: null,
    last_received: unowned.receivedAtMs,
    up_to_batch: upToBatch,
    trace_ids: [unowned.traceId],
    tokens: unowned.tokens,
    members: JSON.stringify({ [unowned.traceId]: [unowned.spanId] }),
    timeline: JSON.stringify(unowned.causes),
  });
}

function grave(change: FlowChange, upToBatch: number): unknown[] {
  return filled({
    id: change.id,
    version: change.version,
    deleted: 1,
    moved_to: change.movedTo ?? '',
    phase: 'ended',
    last_received: Math.floor(change.version / 1000),
    computed_ms: Math.floor(change.version / 1000),
    ended: null,
    up_to_batch: upToBatch,
  });
}

const filled = (row: Columns): unknown[] =>
  FLOW_COLUMNS.map((column) => (column in row ? row[column] : (DEFAULTS[column] ?? '')));

const DEFAULTS: Columns = Object.fromEntries([
  ...[
    'run',
    'status_since',
    'started',
    'last_progress',
    'duration_ms',
    'raw_duration_ms',
    'step_count',
    'failed_steps',
    'incomplete',
    'truncated',
    'span_count',
    'settles_at',
    'computed_ms',
    'look_at',
    'most_attempts',
    'longest_wait_ms',
  ].map((name) => [name, 0]),
  ...[
    'services',
    'key_names',
    'key_values',
    'badges',
    'trace_ids',
    'tokens',
    'step_names',
    'step_services',
    'step_statuses',
    'step_starts',
    'hop_destinations',
    'hop_from_services',
    'hop_to_services',
    'finding_rules',
    'waiting_steps',
    'incident_keys',
    'event_names',
    'event_times',
    'hop_types',
  ].map((name) => [name, []]),
]) as Columns;

export interface StoredFlowRow {
  id: string;
  version: string;
  environment: string;
  type: string;
  key: string;
  flow_id: string;
  run: number;
  phase: Flow['phase'];
  outcome: string;
  settles_as: string;
  settles_at: string;
  judgement: string;
  health: Flow['health'];
  status: Flow['status'];
  status_since: string;
  started: string;
  last_progress: string;
  ended: string | null;
  duration_ms: number;
  raw_duration_ms: number;
  step_count: number;
  failed_steps: number;
  services: string[];
  key_names: string[];
  key_values: string[];
  parent_id: string;
  incomplete: number;
  truncated: number;
  badges: Flow['badges'];
  span_count: string;
  last_received: string;
  computed_ms: string;
  /** Only with the whole flow. */
  timeline?: string;
  members?: string;
  context?: string;
}

export const SUMMARY_FIELDS =
  'id, version, environment, type, key, flow_id, run, phase, outcome, settles_as, settles_at, judgement, health, status, status_since, started, last_progress, ended, duration_ms, raw_duration_ms, step_count, failed_steps, services, key_names, key_values, parent_id, incomplete, truncated, badges, span_count, last_received, computed_ms';

const nanos = (text: unknown): UnixNanos => unixNanos(BigInt(text as string));
const nanosOrNull = (text: unknown): UnixNanos | null => (text === null ? null : nanos(text));

/** As it is seen now. */
export function fromFlowRow(row: StoredFlowRow, nowMs: number): FlowRow & { stepCount: number } {
  const [steps, hops, relations, unattributed, about] = JSON.parse(row.timeline || '[[],[],[],[]]') as [
    PackedStep[],
    PackedHop[],
    Flow['relations'],
    Flow['unattributed'],
    [Flow['typeVersion'], Flow['deadlineMs'], Flow['expects']]?,
  ];
  const [waitingFor, findings] = JSON.parse(row.judgement || '[[],[]]') as [
    Flow['waitingFor'],
    Flow['findings'],
  ];
  const flow: Flow = {
    id: row.id,
    environment: row.environment,
    type: row.type,
    key: row.key,
    flowId: row.flow_id,
    run: Number(row.run),
    phase: row.phase,
    outcome: row.outcome === '' ? null : (row.outcome as Flow['outcome']),
    settlesAs: row.settles_as === '' ? null : (row.settles_as as Flow['outcome']),
    health: row.health,
    status: row.status,
    statusSince: nanos(row.status_since),
    started: nanos(row.started),
    lastProgress: nanos(row.last_progress),
    ended: nanosOrNull(row.ended),
    durationMs: row.duration_ms,
    rawDurationMs: row.raw_duration_ms,
    failedSteps: row.failed_steps,
    services: row.services,
    keys: row.key_names.map((name, i) => [name, row.key_values[i] ?? '']),
    parentId: row.parent_id === '' ? null : row.parent_id,
    incomplete: row.incomplete === 1,
    truncated: row.truncated === 1,
    badges: row.badges,
    steps: steps.map(unpackStep),
    hops: hops.map(unpackHop),
    relations,
    unattributed,
    aliases: [],
    spanCount: Number(row.span_count),
    members: JSON.parse(row.members ?? '{}') as Flow['members'],
    context: JSON.parse(row.context ?? '{}') as Flow['context'],
    tokens: [],
    lastReceivedMs: Number(row.last_received),
    waitingFor,
    findings,
    lookAtMs: null,
    typeVersion: about?.[0] ?? '',
    deadlineMs: about?.[1] ?? null,
    expects: about?.[2] ?? [],
  };
  return {
    ...seenAt(flow, Number(row.version), Number(row.settles_at), nowMs),
    timelineComputedMs: Number(row.computed_ms),
    stepCount: row.step_count,
  };
}

/**
 * Steps and hops as tuples: a third of the size of objects, and written for every version of every flow. Instants are
 * text, because a double would round them. Pack and unpack stand side by side; the conformance suite holds them equal.
 */
type PackedStep = ReturnType<typeof packStep>;
type PackedHop = ReturnType<typeof packHop>;
const textOrNull = (instant: UnixNanos | null): string | null => (instant === null ? null : String(instant));

function packStep(step: Step) {
  return [
    step.id,
    step.typeKey,
    step.name,
    step.service,
    step.kind,
    step.status,
    step.result,
    step.attempts.map(
      (a) => [a.number, String(a.start), textOrNull(a.end), a.status, a.spanId, a.error] as const,
    ),
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
  ] as const;
}

function unpackStep(packed: PackedStep): Step {
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
    receivedMs,
    aliveMs,
    deadlineMs,
    itinerary,
    attempts: attempts.map(([number, from, to, state, spanId, failure]) => ({
      number,
      start: nanos(from),
      end: nanosOrNull(to),
      status: state,
      spanId,
      error: failure,
    })),
    start: nanos(start),
    end: nanosOrNull(end),
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
  };
}
