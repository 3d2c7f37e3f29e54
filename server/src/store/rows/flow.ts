import { traitsOf, type Traits } from '../../analyze/index.ts';
import type { Lease, Memory } from '../../base/memory.ts';
import {
  viewAt,
  type Flow,
  type FlowChange,
  type Tombstone,
  type UnattributedChange,
} from '../../model/flow.ts';
import type { FlowFigures } from '../../model/flow-figures.ts';
import { errorsOf, eventsOf, longestWait, mostAttempts } from '../../model/search-match.ts';
import { traceIdOf, type SpanKey } from '../../model/span.ts';
import { unixNanos, type UnixNanos } from '../../model/time.ts';
import { packTimeline, unpackTimeline } from './packed-timeline.ts';
import type { FlowRow } from '../port/index.ts';
import type { RowBinary } from './row-binary.ts';

/** A change of a flow, with all data from which the columns of the flow's row are computed. */
interface Projected {
  change: FlowChange;
  flow: Flow;
  upToBatch: number;
  settlesAtMs: number;
  events: { name: string; atMs: number }[];
  traits: Traits;
  serviceOf: (stepId: string | null) => string;
}

/**
 * Defines how values of one column type are written. `none` is written into rows that have no value
 * for the column.
 */
interface ColumnType<T> {
  write: (to: RowBinary, value: T) => void;
  none: T;
}
const TEXT: ColumnType<string> = { write: (to, value) => to.string(value), none: '' };
const FLAG: ColumnType<number | boolean> = {
  write: (to, value) => to.uint8(Number(value)),
  none: 0,
};
const COUNT: ColumnType<number> = { write: (to, value) => to.uint32(value), none: 0 };
const WHOLE: ColumnType<number | bigint> = { write: (to, value) => to.uint64(value), none: 0 };
const REAL: ColumnType<number> = { write: (to, value) => to.float64(value), none: 0 };
const INSTANT_OR_NULL: ColumnType<bigint | null> = {
  write: (to, value) => to.nullableUint64(value),
  none: null,
};
const listOf = <T>({ write }: ColumnType<T>): ColumnType<readonly T[]> => ({
  write(to, values) {
    to.length(values.length);
    // Loops over columns and values use an index, because the columns of one row are of many types,
    // for which V8 cannot remove the objects that an iterator creates.
    for (let i = 0; i < values.length; i++) write(to, values[i]!);
  },
  none: [],
});
const TEXTS = listOf(TEXT);
const WHOLES = listOf(WHOLE);
const COUNTS = listOf(COUNT);
const REALS = listOf(REAL);

interface Column {
  write: (to: RowBinary, projected: Projected) => void;
  /**
   * Writes a value into the row of a tombstone or an unattributed span. For undefined, writes the
   * column type's empty value.
   */
  writeOnly: (to: RowBinary, value: unknown) => void;
}
const column = <T>(type: ColumnType<T>, of: (projected: Projected) => T): Column => ({
  write: (to, projected) => type.write(to, of(projected)),
  writeOnly: (to, value) => type.write(to, value === undefined ? type.none : (value as T)),
});

/**
 * The columns of `flows`, each with its type and a function that returns the column's value for a
 * flow. The types are those in `schema/`.
 */
const COLUMNS = {
  id: column(TEXT, ({ flow }) => flow.id),
  version: column(WHOLE, ({ change }) => change.version),
  deleted: column(FLAG, () => 0),
  moved_to: column(TEXT, () => ''),
  environment: column(TEXT, ({ flow }) => flow.environment),
  type: column(TEXT, ({ flow }) => flow.type),
  key: column(TEXT, ({ flow }) => flow.key),
  flow_id: column(TEXT, ({ flow }) => flow.flowId),
  run: column(COUNT, ({ flow }) => flow.run),
  phase: column(TEXT, ({ flow }) => flow.phase),
  outcome: column(TEXT, ({ flow }) => flow.outcome ?? ''),
  health: column(TEXT, ({ flow }) => flow.health),
  status: column(TEXT, ({ flow }) => flow.status),
  status_since: column(WHOLE, ({ flow }) => flow.statusSince),
  started: column(WHOLE, ({ flow }) => flow.started),
  last_progress: column(WHOLE, ({ flow }) => flow.lastProgress),
  ended: column(INSTANT_OR_NULL, ({ flow }) => flow.ended),
  duration_ms: column(REAL, ({ flow }) => flow.durationMs),
  raw_duration_ms: column(REAL, ({ flow }) => flow.rawDurationMs),
  step_count: column(COUNT, ({ flow }) => flow.steps.length),
  failed_steps: column(COUNT, ({ flow }) => flow.failedSteps),
  services: column(TEXTS, ({ flow }) => flow.services),
  key_names: column(TEXTS, ({ flow }) => flow.keys.map(([name]) => name)),
  key_values: column(TEXTS, ({ flow }) => flow.keys.map(([, value]) => value)),
  parent_id: column(TEXT, ({ flow }) => flow.parentId ?? ''),
  incomplete: column(FLAG, ({ flow }) => flow.incomplete),
  truncated: column(FLAG, ({ flow }) => flow.truncated),
  badges: column(TEXTS, ({ flow }) => flow.badges),
  span_count: column(WHOLE, ({ flow }) => flow.spanCount),
  settles_as: column(TEXT, ({ flow }) => flow.idleOutcome ?? ''),
  look_at: column(WHOLE, ({ flow }) => (flow.lookAtMs === null ? 0 : Math.ceil(flow.lookAtMs))),
  judgement: column(TEXT, ({ flow }) => JSON.stringify([flow.waitingFor, flow.findings])),
  finding_rules: column(TEXTS, ({ flow }) => flow.findings.map((finding) => finding.rule)),
  waiting_steps: column(TEXTS, ({ flow }) => flow.waitingFor.map((waiting) => waiting.step)),
  incident_keys: column(TEXTS, ({ flow }) => flow.findings.map((finding) => finding.incident)),
  event_names: column(TEXTS, ({ events }) => events.map(({ name }) => name)),
  event_times: column(WHOLES, ({ events }) => events.map(({ atMs }) => atMs)),
  hop_types: column(TEXTS, ({ flow }) => flow.hops.map((hop) => hop.message.type)),
  most_attempts: column(COUNT, ({ flow }) => mostAttempts(flow)),
  longest_wait_ms: column(REAL, ({ flow }) => longestWait(flow)),
  settles_at: column(WHOLE, ({ settlesAtMs }) => settlesAtMs),
  last_received: column(WHOLE, ({ flow }) => flow.lastReceivedMs),
  computed_ms: column(WHOLE, ({ change }) => change.version / 1000),
  up_to_batch: column(WHOLE, ({ upToBatch }) => upToBatch),
  trace_ids: column(TEXTS, ({ flow }) => tracesOf(flow)),
  tokens: column(TEXTS, ({ flow }) => flow.tokens),
  members: column(TEXT, ({ flow }) => flow.members.join(',')),
  context: column(TEXT, ({ flow }) => flow.context.join(',')),
  step_names: column(TEXTS, ({ flow }) => flow.steps.map((step) => step.name)),
  step_services: column(TEXTS, ({ flow }) => flow.steps.map((step) => step.service)),
  step_statuses: column(TEXTS, ({ flow }) => flow.steps.map((step) => step.status)),
  step_starts: column(WHOLES, ({ flow }) => flow.steps.map((step) => step.start)),
  hop_destinations: column(TEXTS, ({ flow }) => flow.hops.map((hop) => hop.message.destination)),
  hop_from_services: column(TEXTS, ({ flow, serviceOf }) =>
    flow.hops.map((hop) => serviceOf(hop.from)),
  ),
  hop_to_services: column(TEXTS, ({ flow, serviceOf }) =>
    flow.hops.map((hop) => serviceOf(hop.to)),
  ),
  timeline: column(TEXT, ({ flow }) => packTimeline(flow)),
  variant: column(WHOLE, ({ traits }) => traits.variant),
  node_ids: column(WHOLES, ({ traits }) => traits.nodes.ids),
  node_ms: column(REALS, ({ traits }) => traits.nodes.ms),
  node_flags: column(COUNTS, ({ traits }) => traits.nodes.flags),
  edge_ids: column(WHOLES, ({ traits }) => traits.edges.ids),
  edge_ms: column(REALS, ({ traits }) => traits.edges.ms),
  edge_flags: column(COUNTS, ({ traits }) => traits.edges.flags),
  segment_ids: column(WHOLES, ({ traits }) => traits.segments.ids),
  segment_ms: column(REALS, ({ traits }) => traits.segments.ms),
  trait_ids: column(WHOLES, ({ traits }) => traits.others.ids),
  trait_ms: column(REALS, ({ traits }) => traits.others.ms),
  trait_flags: column(COUNTS, ({ traits }) => traits.others.flags),
  mark_ids: column(WHOLES, ({ traits }) => traits.marks),
  error_texts: column(TEXTS, ({ flow }) => errorsOf(flow)),
} satisfies Record<string, Column>;

export const FLOW_COLUMNS = Object.keys(COLUMNS);
const LIST: readonly [name: string, column: Column][] = Object.entries(COLUMNS);

function tracesOf({ members, context }: Flow): string[] {
  const traces = new Set(members.map(traceIdOf));
  for (const key of context) traces.add(traceIdOf(key));
  return [...traces];
}

/**
 * Encodes changes as rows in RowBinary, with the columns in the order of `FLOW_COLUMNS`. `writer`
 * must be empty and is empty again afterwards.
 */
export function flowRows(
  writer: RowBinary,
  changes: readonly FlowChange[],
  upToBatch: number,
  settlesAt: (flow: Flow) => number,
  memory: Memory,
): Lease {
  for (const change of changes) {
    if (change.kind !== 'flow') {
      const values = change.kind === 'unattributed' ? unattributed(change) : tombstone(change);
      for (const [name, { writeOnly }] of LIST)
        writeOnly(writer, name === 'up_to_batch' ? upToBatch : values[name as keyof Columns]);
      continue;
    }
    const { flow } = change;
    const services = new Map(flow.steps.map((step) => [step.id, step.service]));
    const projected: Projected = {
      change,
      flow,
      upToBatch,
      settlesAtMs: settlesAt(flow),
      events: eventsOf(flow),
      traits: traitsOf(flow),
      serviceOf: (stepId) => (stepId === null ? '' : (services.get(stepId) ?? '')),
    };
    for (let i = 0; i < LIST.length; i++) LIST[i]![1].write(writer, projected);
  }
  return writer.take(memory);
}

type Columns = Partial<Record<keyof typeof COLUMNS, unknown>>;

/**
 * Returns the column values for an unattributed span. Such a span is found by its names, and no
 * list contains it. Its row has `deleted` = 2, whereas the row of a tombstone has 1.
 */
const unattributed = ({
  id,
  version,
  row: { receivedAtMs, key, tokens, causes },
}: UnattributedChange): Columns => ({
  id,
  version,
  deleted: 2,
  phase: 'ended',
  last_received: receivedAtMs,
  trace_ids: [traceIdOf(key)],
  tokens,
  members: key,
  timeline: JSON.stringify(causes),
});

const tombstone = (change: Tombstone): Columns => ({
  id: change.id,
  version: change.version,
  deleted: 1,
  moved_to: change.movedTo ?? '',
  phase: 'ended',
  last_received: change.version / 1000,
  computed_ms: change.version / 1000,
});

/**
 * Parses the span keys in column `members` or `context`. Rows written by earlier versions contain
 * JSON that maps each trace to its span ids.
 */
export function keysOf(text: string): SpanKey[] {
  if (text === '') return [];
  if (!text.startsWith('{')) return text.split(',');
  return Object.entries(JSON.parse(text) as Record<string, string[]>).flatMap(([trace, spans]) =>
    spans.map((span) => trace + span),
  );
}

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
  most_attempts: number;
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
  /**
   * Only queries for a whole flow return this column and the next two. They are undefined in rows
   * of lists.
   */
  timeline?: string;
  members?: string;
  context?: string;
}

const nanos = (text: unknown): UnixNanos => unixNanos(BigInt(text as string));
const nanosOrNull = (text: unknown): UnixNanos | null => (text === null ? null : nanos(text));

/** Decodes a row into the flow as it is at `nowMs`, at which it may have settled. */
export function fromFlowRow(row: StoredFlowRow, nowMs: number): FlowRow & FlowFigures {
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
    idleOutcome: row.settles_as === '' ? null : (row.settles_as as Flow['outcome']),
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
    ...unpackTimeline(row.timeline ?? ''),
    aliases: [],
    spanCount: Number(row.span_count),
    members: keysOf(row.members ?? ''),
    context: keysOf(row.context ?? ''),
    tokens: [],
    lastReceivedMs: Number(row.last_received),
    waitingFor,
    findings,
    lookAtMs: null,
  };
  return {
    ...viewAt(flow, Number(row.version), Number(row.settles_at), nowMs),
    timelineComputedMs: Number(row.computed_ms),
    stepCount: row.step_count,
    retries: Math.max(0, row.most_attempts - 1),
  };
}
