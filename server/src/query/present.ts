import { pick } from '../base/pick.ts';
import { coarsened, criticalPath, timeSpent, type Segment } from '../analyze/index.ts';
import type * as wire from '../contract/index.ts';
import type { Finding, WaitingFor } from '../model/expectation.ts';
import type { Attempt, Flow, FlowView, Hop, Relation, Step, Tombstone } from '../model/flow.ts';
import type { FlowFigures } from '../model/flow-figures.ts';
import { flowTypesOf, type Incident, type Notification, type Silence } from '../model/incident.ts';
import { retriesOf } from '../model/search-match.ts';
import type { FlowRow, FlowTypeRow, ServiceRow } from '../store/index.ts';
import type { QueryContext } from './route.ts';
import { sentSteps, type Part } from './sent-steps.ts';
import { silentFrom } from './silent-services.ts';

/**
 * The functions of this file convert the types of the model to those of the contract. No other file
 * does that.
 */
export function summaryOf(
  flow: Flow,
  version: number,
  { stepCount, retries }: FlowFigures,
): wire.FlowSummary {
  return {
    id: flow.id,
    environment: flow.environment,
    type: flow.type,
    key: flow.key,
    keys: Object.fromEntries(flow.keys),
    run: flow.run,
    phase: flow.phase,
    outcome: flow.outcome,
    health: flow.health,
    status: flow.status,
    statusSinceUnixNano: String(flow.statusSince),
    startedAtUnixNano: String(flow.started),
    lastProgressAtUnixNano: String(flow.lastProgress),
    endedAtUnixNano: flow.ended === null ? null : String(flow.ended),
    durationMs: flow.durationMs,
    rawDurationMs: flow.rawDurationMs,
    stepCount,
    failedSteps: flow.failedSteps,
    retries,
    services: flow.services,
    waitingFor: flow.waitingFor.map(presentWaiting),
    findings: flow.findings.map(presentFinding),
    parentId: flow.parentId,
    incomplete: flow.incomplete,
    truncated: flow.truncated,
    badges: flow.badges,
    version,
  };
}

const FINDING = [
  ...['key', 'incident', 'rule', 'severity', 'stepId', 'step', 'service', 'place', 'dependency'],
  ...['summary', 'evidence'],
] as const;
const presentFinding = (finding: Finding): wire.Finding => ({
  ...pick(finding, FINDING),
  since: iso(finding.since),
});

/** Returns an instant, epoch ms, as ISO 8601. Instants outside the range of `Date` are clamped. */
export const iso = (ms: number): string =>
  new Date(Math.min(Math.max(0, ms), 8.64e15)).toISOString();

const WAITING = [
  ...['id', 'afterStepId', 'hopId', 'step', 'service', 'message', 'oneOf', 'certain'],
  ...['basis', 'absence', 'probability', 'samples', 'provisional'],
] as const;
const presentWaiting = (waiting: WaitingFor): wire.WaitingFor => ({
  ...pick(waiting, WAITING),
  expectedAt: iso(waiting.expectedAt),
  since: iso(waiting.since),
  lateAt: iso(waiting.lateAt),
  stuckAt: iso(waiting.stuckAt),
});

/**
 * Maximum number of steps that are sent of one flow. Of a larger flow only a part is sent and
 * marked as `truncated`, and its critical path is shortened to this many segments.
 */
export const MAX_STEPS = 2000;
const MAX_HOPS = 2 * MAX_STEPS;

/**
 * Returns a change as it is sent to open dashboards: either a changed flow, or an id that no flow
 * has any more.
 */
export const pushedFlow = (
  change: (FlowView & FlowFigures) | Pick<Tombstone, 'id' | 'version' | 'movedTo'>,
): Omit<wire.FlowChanged, 'sequence'> =>
  'flow' in change
    ? {
        id: change.flow.id,
        version: change.version,
        flow: summaryOf(change.flow, change.version, change),
        movedTo: null,
      }
    : { id: change.id, version: change.version, movedTo: change.movedTo, flow: null };

/** Relations of a flow, those to flows of other rows among them, and whether some are missing. */
export interface ReadRelations {
  relations: readonly Relation[];
  isWhole: boolean;
}

export function presentFlow(
  row: FlowRow,
  related: ReadRelations,
  part: Part | null = null,
): wire.Flow {
  const { flow } = row;
  const path = criticalPath(flow);
  const places = sentSteps(flow, MAX_STEPS, part);
  const isWhole = places.length === flow.steps.length;
  const steps = isWhole ? flow.steps : places.map((at) => flow.steps[at]!);
  const sent = new Set<string | null>([null, ...steps.map(({ id }) => id)]);
  // A hop is sent only if the steps that it connects are sent.
  const hops = flow.hops.filter(({ from, to }) => isWhole || (sent.has(from) && sent.has(to)));
  return {
    ...summaryOf(flow, row.version, { stepCount: flow.steps.length, retries: retriesOf(flow) }),
    incomplete: flow.incomplete || !related.isWhole,
    truncated: flow.truncated || !isWhole || hops.length > MAX_HOPS,
    steps: steps.map(presentStep),
    ...(!isWhole && { stepPlaces: places }),
    hops: hops.slice(0, MAX_HOPS).map(presentHop),
    criticalPath: coarsened(path, MAX_STEPS).map(presentSegment),
    timeSpent: timeSpent(path),
    aliases: flow.aliases,
    relations: [...related.relations],
    relationsUnread: !related.isWhole,
    unattributed: flow.unattributed.slice(0, MAX_STEPS),
    asOf: new Date(row.timelineComputedMs).toISOString(),
    // This is always 0 now, but clients may still read the field. It used to be the version of the
    // learned model.
    modelVersion: 0,
  };
}

const STEP = [
  ...['id', 'typeKey', 'name', 'service', 'serviceVersion', 'instance', 'kind', 'status', 'result'],
  ...[
    'skewMs',
    'causedBy',
    'compensates',
    'compensatedBy',
    'error',
    'spanIds',
    'traceId',
    'shared',
  ],
  ...['badges', 'itinerary', 'joinedBy'],
] as const;
const presentStep = (step: Step): wire.Step => ({
  ...pick(step, STEP),
  deadlineAt: step.deadlineMs === null ? null : iso(step.deadlineMs),
  attempts: step.attempts.map(presentAttempt),
  startUnixNano: String(step.start),
  endUnixNano: orNull(step.end),
});

const presentAttempt = (attempt: Attempt): wire.StepAttempt => ({
  ...pick(attempt, ['number', 'status', 'spanId', 'error']),
  startUnixNano: String(attempt.start),
  endUnixNano: orNull(attempt.end),
});

const orNull = (instant: bigint | null): string | null =>
  instant === null ? null : String(instant);

const HOP = [
  ...['id', 'message', 'from', 'to', 'consumerGroup', 'state', 'attempts', 'sendSpanId'],
  ...['receiveSpanId', 'waitMs', 'skewed', 'sync', 'evidence', 'confidence'],
] as const;
const presentHop = (hop: Hop): wire.Hop => ({
  ...pick(hop, HOP),
  sentUnixNano: String(hop.sent),
  receivedUnixNano: orNull(hop.received),
  returnedUnixNano: orNull(hop.returned),
});

const presentSegment = (segment: Segment): wire.Segment => ({
  ...pick(segment, ['kind', 'stepId', 'hopId']),
  startUnixNano: String(segment.start),
  endUnixNano: String(segment.end),
});

const INCIDENT = [
  ...['id', 'key', 'rule', 'severity', 'lasting', 'status', 'title', 'cause', 'environment'],
  ...['flowType', 'service', 'step', 'place', 'dependency', 'channel', 'foldedInto', 'count'],
  ...['openCount', 'drainPerMinute', 'value', 'version'],
] as const;
export function presentIncident(incident: Incident): wire.Incident {
  const { firstAt, lastAt, resolvedAt, etaAt, notes, ack, trend } = incident;
  return {
    ...pick(incident, INCIDENT),
    keys: [...incident.keys],
    parts: incident.parts.map((part) =>
      pick(part, ['rule', 'severity', 'flowType', 'service', 'step']),
    ),
    exampleFlowIds: [...incident.exampleFlowIds],
    flowTypes: flowTypesOf(incident),
    firstAt: iso(firstAt),
    lastAt: iso(lastAt),
    resolvedAt: resolvedAt === null ? null : iso(resolvedAt),
    etaAt: etaAt === null ? null : iso(etaAt),
    notes: notes.map(({ at, text }) => ({ at: iso(at), text })),
    ack: ack && { at: iso(ack.at), note: ack.note },
    trend: trend.map(([at, open]) => ({ at: iso(at), open })),
  };
}

export const presentHealth = (conditions: ReturnType<QueryContext['conditions']>): wire.Health => ({
  ready: conditions.every(({ blocks }) => !blocks),
  conditions: conditions.map(({ id, since, text, hint, blocks }) => ({
    ...{ id, since: iso(since), text, hint, blocks },
  })),
});

export const presentSilence = (silence: Silence): wire.Silence => ({
  ...pick(silence, ['id', 'rule', 'flowType', 'service', 'comment']),
  incidentId: silence.incidentId ?? '',
  untilResolved: silence.untilResolved ?? false,
  createdAt: iso(silence.createdAt),
  until: iso(silence.until),
});

const NOTIFICATION = [
  ...['id', 'incidentId', 'event', 'channel', 'state', 'reason', 'attempts', 'lastError'],
] as const;
export const presentNotification = (notification: Notification): wire.Notification => ({
  ...pick(notification, NOTIFICATION),
  createdAt: iso(notification.createdAt),
  nextAt: iso(notification.nextAt),
  changedAt: iso(Math.floor(notification.version / 1000)),
});

const FLOW_TYPE = [
  ...['type', 'environment', 'flows', 'open', 'failed', 'stuck', 'late', 'services'],
  ...['incomplete', 'p50DurationMs', 'p95DurationMs'],
] as const;
export const presentFlowType = (row: FlowTypeRow): wire.FlowTypeSummary => ({
  ...pick(row, FLOW_TYPE),
  lastStartedAtUnixNano: row.lastStarted,
});

/** Maximum number of wrong clocks that are listed for one service. */
const MAX_CLOCKS = 100;

const SERVICE = [
  ...['name', 'environment', 'versions', 'flowTypes', 'steps', 'failedSteps', 'sends', 'consumes'],
  ...['sendsTypes', 'consumesTypes'],
  ...['incomplete'],
] as const;
export function presentService(
  row: ServiceRow,
  wrong: ReturnType<QueryContext['wrongClocks']>,
): wire.ServiceSummary {
  const { firstSeen, lastSeen } = row;
  const clocks = wrong.filter(
    (one) => one.service === row.name && one.environment === row.environment,
  );
  return {
    ...pick(row, SERVICE),
    firstSeenUnixNano: firstSeen,
    lastSeenUnixNano: lastSeen,
    silentFromUnixNano: silentFrom(row)?.toString() ?? null,
    wrongClocks: clocks
      .slice(0, MAX_CLOCKS)
      .map(({ instance, aheadMs }) => ({ instance, aheadMs })),
  };
}
