import type { Flow, FlowChange, Hop, Step } from '../model/flow.ts';
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
  'settles_at',
  'last_received',
  'computed_ms',
  'trace_ids',
  'tokens',
  'members',
  'context',
  'step_names',
  'step_services',
  'step_statuses',
  'step_starts',
  'step_ends',
  'hop_destinations',
  'hop_from_services',
  'hop_to_services',
  'hop_states',
  'hop_waits_ms',
  'timeline',
] as const;

/** Instants are text in JSON: a double would round them. */
const nanosToText = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value);

export function flowRows(changes: readonly FlowChange[], settlesAt: (flow: Flow) => number): Buffer {
  let text = '';
  for (const change of changes) text += `${JSON.stringify(rowOf(change, settlesAt), nanosToText)}\n`;
  return Buffer.from(text);
}

function rowOf(change: FlowChange, settlesAt: (flow: Flow) => number): unknown[] {
  const { flow } = change;
  if (flow === null) return grave(change);
  const serviceOf = new Map(flow.steps.map((step) => [step.id, step.service]));
  const nameOf = (stepId: string | null): string => (stepId === null ? '' : (serviceOf.get(stepId) ?? ''));
  const timeline = { steps: flow.steps, hops: flow.hops, relations: flow.relations, unattributed: flow.unattributed };
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
    flow.statusSince,
    flow.started,
    flow.lastProgress,
    flow.ended,
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
    settlesAt(flow),
    flow.lastReceivedMs,
    Math.floor(change.version / 1000),
    Object.keys(flow.members).concat(Object.keys(flow.context).filter((id) => !(id in flow.members))),
    flow.tokens,
    JSON.stringify(flow.members),
    JSON.stringify(flow.context),
    flow.steps.map((step) => step.name),
    flow.steps.map((step) => step.service),
    flow.steps.map((step) => step.status),
    flow.steps.map((step) => step.start),
    flow.steps.map((step) => step.end ?? 0n),
    flow.hops.map((hop) => hop.message.destination),
    flow.hops.map((hop) => nameOf(hop.from)),
    flow.hops.map((hop) => nameOf(hop.to)),
    flow.hops.map((hop) => hop.state),
    flow.hops.map((hop) => hop.waitMs ?? -1),
    JSON.stringify(timeline, nanosToText),
  ];
}

function grave(change: FlowChange): unknown[] {
  const empty: Partial<Record<(typeof FLOW_COLUMNS)[number], unknown>> = {
    id: change.id,
    version: change.version,
    deleted: 1,
    moved_to: change.movedTo ?? '',
    phase: 'ended',
    last_received: Math.floor(change.version / 1000),
    computed_ms: Math.floor(change.version / 1000),
    ended: null,
  };
  return FLOW_COLUMNS.map((column) => (column in empty ? empty[column] : DEFAULTS[column] ?? ''));
}

const DEFAULTS: Partial<Record<(typeof FLOW_COLUMNS)[number], unknown>> = Object.fromEntries([
  ...['run', 'status_since', 'started', 'last_progress', 'duration_ms', 'raw_duration_ms', 'step_count', 'failed_steps', 'incomplete', 'truncated', 'span_count', 'settles_at'].map(
    (name) => [name, 0],
  ),
  ...['services', 'key_names', 'key_values', 'badges', 'trace_ids', 'tokens', 'step_names', 'step_services', 'step_statuses', 'step_starts', 'step_ends', 'hop_destinations', 'hop_from_services', 'hop_to_services', 'hop_states', 'hop_waits_ms'].map(
    (name) => [name, []],
  ),
]) as Partial<Record<(typeof FLOW_COLUMNS)[number], unknown>>;

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
  'id, version, environment, type, key, flow_id, run, phase, outcome, health, status, status_since, started, last_progress, ended, duration_ms, raw_duration_ms, step_count, failed_steps, services, key_names, key_values, parent_id, incomplete, truncated, badges, span_count, last_received, computed_ms';

interface StoredTimeline {
  steps: Step[];
  hops: Hop[];
  relations: Flow['relations'];
  unattributed: Flow['unattributed'];
}

const nanos = (text: unknown): UnixNanos => unixNanos(BigInt(text as string));
const nanosOrNull = (text: unknown): UnixNanos | null => (text === null ? null : nanos(text));

export function fromFlowRow(row: StoredFlowRow): FlowRow & { stepCount: number } {
  const timeline = JSON.parse(row.timeline ?? '{}') as Partial<StoredTimeline>;
  const flow: Flow = {
    id: row.id,
    environment: row.environment,
    type: row.type,
    key: row.key,
    flowId: row.flow_id,
    run: Number(row.run),
    phase: row.phase,
    outcome: row.outcome === '' ? null : (row.outcome as Flow['outcome']),
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
    steps: (timeline.steps ?? []).map(reviveStep),
    hops: (timeline.hops ?? []).map(reviveHop),
    relations: timeline.relations ?? [],
    unattributed: timeline.unattributed ?? [],
    aliases: [],
    spanCount: Number(row.span_count),
    members: JSON.parse(row.members ?? '{}') as Flow['members'],
    context: JSON.parse(row.context ?? '{}') as Flow['context'],
    tokens: [],
    lastReceivedMs: Number(row.last_received),
  };
  return { flow, version: Number(row.version), timelineComputedMs: Number(row.computed_ms), stepCount: row.step_count };
}

function reviveStep(step: Step): Step {
  return {
    ...step,
    start: nanos(step.start),
    end: nanosOrNull(step.end),
    attempts: step.attempts.map((attempt) => ({
      ...attempt,
      start: nanos(attempt.start),
      end: nanosOrNull(attempt.end),
    })),
  };
}

function reviveHop(hop: Hop): Hop {
  return { ...hop, sent: nanos(hop.sent), received: nanosOrNull(hop.received) };
}
