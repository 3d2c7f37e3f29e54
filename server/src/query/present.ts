import { coarsened, criticalPath, timeSpent, type Segment } from '../analyze/index.ts';
import type * as wire from '../contract/index.ts';
import type { WaitingFor } from '../model/expectation.ts';
import type { Flow, FlowView, Hop, Step, Tombstone } from '../model/flow.ts';
import type { FlowFigures } from '../model/flow-figures.ts';
import { flowTypesOf, type Incident, type Notification, type Silence } from '../model/incident.ts';
import { retriesOf } from '../model/search-match.ts';
import type { FlowRow, FlowTypeRow, ServiceRow, StoredSpan } from '../store/index.ts';
import type { QueryContext } from './route.ts';
import { sentSteps, type Part } from './sent-steps.ts';
import { KeyValues, type Attributes, type AttributeValue } from '../model/otlp.ts';

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
    findings: flow.findings.map(({ since, ...rest }) => ({ ...rest, since: iso(since) })),
    parentId: flow.parentId,
    incomplete: flow.incomplete,
    truncated: flow.truncated,
    badges: flow.badges,
    version,
  };
}

/** Returns an instant, epoch ms, as ISO 8601; one that no date can hold is moved to the nearest. */
export const iso = (ms: number): string =>
  new Date(Math.min(Math.max(0, ms), 8.64e15)).toISOString();

function presentWaiting(waiting: WaitingFor): wire.WaitingFor {
  const { expectedAt, since, lateAt, stuckAt, ...rest } = waiting;
  return {
    ...rest,
    expectedAt: iso(expectedAt),
    since: iso(since),
    lateAt: iso(lateAt),
    stuckAt: iso(stuckAt),
  };
}

/**
 * Most steps that are sent of one flow. Of a larger flow only a part is sent and marked as
 * `truncated`, and its critical path is shortened to this many segments.
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

export function presentFlow(row: FlowRow, part: Part | null = null): wire.Flow {
  const { flow } = row;
  const path = criticalPath(flow);
  const places = sentSteps(flow, MAX_STEPS, part);
  const isWhole = places.length === flow.steps.length;
  const steps = isWhole ? flow.steps : places.map((at) => flow.steps[at]!);
  const sent = new Set<string | null>([null, ...steps.map(({ id }) => id)]);
  // A hop is of use only together with the steps that it connects.
  const hops = flow.hops.filter(({ from, to }) => isWhole || (sent.has(from) && sent.has(to)));
  return {
    ...summaryOf(flow, row.version, { stepCount: flow.steps.length, retries: retriesOf(flow) }),
    truncated: flow.truncated || !isWhole || hops.length > MAX_HOPS,
    steps: steps.map(presentStep),
    ...(!isWhole && { stepPlaces: places }),
    hops: hops.slice(0, MAX_HOPS).map(presentHop),
    criticalPath: coarsened(path, MAX_STEPS).map(presentSegment),
    timeSpent: timeSpent(path),
    aliases: flow.aliases,
    relations: flow.relations,
    unattributed: flow.unattributed.slice(0, MAX_STEPS),
    asOf: new Date(row.timelineComputedMs).toISOString(),
    // This is always 0 now, but clients may still read the field. It used to be the version of the
    // learned model.
    modelVersion: 0,
  };
}

function presentStep(step: Step): wire.Step {
  const {
    start,
    end,
    attempts,
    receivedMs: _received,
    endReceivedMs: _ended,
    failureReceivedMs: _heard,
    aliveMs: _alive,
    idle: _idle,
    deadlineMs,
    ...rest
  } = step;
  return {
    ...rest,
    deadlineAt: deadlineMs === null ? null : iso(deadlineMs),
    attempts: attempts.map((attempt) => {
      const { start: from, end: to, ...others } = attempt;
      return {
        ...others,
        startUnixNano: String(from),
        endUnixNano: to === null ? null : String(to),
      };
    }),
    startUnixNano: String(start),
    endUnixNano: end === null ? null : String(end),
  };
}

function presentHop(hop: Hop): wire.Hop {
  const { sent, received, returned, ...rest } = hop;
  return {
    ...rest,
    sentUnixNano: String(sent),
    receivedUnixNano: received === null ? null : String(received),
    returnedUnixNano: returned === null ? null : String(returned),
  };
}

const presentSegment = ({ start, end, ...rest }: Segment): wire.Segment => ({
  ...rest,
  startUnixNano: String(start),
  endUnixNano: String(end),
});

export function presentIncident(incident: Incident): wire.Incident {
  const { firstAt, lastAt, resolvedAt, etaAt, notes, ack, trend, ...rest } = incident;
  return {
    ...rest,
    keys: [...incident.keys],
    parts: [...incident.parts],
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

export function presentSilence(silence: Silence): wire.Silence {
  const { createdAt, until, version: _version, ...rest } = silence;
  const defaults = { incidentId: '', untilResolved: false };
  return { ...defaults, ...rest, createdAt: iso(createdAt), until: iso(until) };
}

export function presentNotification(notification: Notification): wire.Notification {
  const { createdAt, nextAt, body: _body, version, failedAt: _failedAt, ...rest } = notification;
  const changedAt = iso(Math.floor(version / 1000));
  return { ...rest, createdAt: iso(createdAt), nextAt: iso(nextAt), changedAt };
}

export function presentFlowType(row: FlowTypeRow): wire.FlowTypeSummary {
  const { lastStarted, ...rest } = row;
  return { ...rest, lastStartedAtUnixNano: lastStarted };
}

/** Maximum number of wrong clocks that are listed for one service. */
const MAX_CLOCKS = 100;

export function presentService(
  row: ServiceRow,
  wrong: ReturnType<QueryContext['wrongClocks']>,
): wire.ServiceSummary {
  const { firstSeen, lastSeen, ...rest } = row;
  const clocks = wrong.filter(
    (one) => one.service === row.name && one.environment === row.environment,
  );
  return {
    ...rest,
    firstSeenUnixNano: firstSeen,
    lastSeenUnixNano: lastSeen,
    wrongClocks: clocks
      .slice(0, MAX_CLOCKS)
      .map(({ instance, aheadMs }) => ({ instance, aheadMs })),
  };
}

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];

export function presentSpan(stored: StoredSpan): wire.RawSpan {
  const receivedAt = new Date(stored.receivedAtMs).toISOString();
  if (stored.log !== undefined) {
    const { log } = stored;
    return {
      traceId: stored.traceId,
      spanId: stored.spanId,
      parentSpanId: log.spanId,
      name: log.eventName,
      kind: 'log event',
      service: serviceOf(log.resource.attributes),
      startUnixNano: String(log.time),
      endUnixNano: String(log.time),
      statusCode: 0,
      statusMessage: typeof log.body === 'string' ? log.body : '',
      receivedAt,
      attributes: plain(log.attributes),
      resource: plain(log.resource.attributes),
      events: [],
      links: [],
    };
  }
  const { span } = stored;
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    name: span.name,
    kind: KINDS[span.kind] ?? 'unspecified',
    service: serviceOf(span.resource.attributes),
    startUnixNano: String(span.start),
    endUnixNano: String(span.end),
    statusCode: span.statusCode,
    statusMessage: span.statusMessage,
    receivedAt,
    attributes: plain(span.attributes),
    resource: plain(span.resource.attributes),
    events: span.events.map((event) => ({
      timeUnixNano: String(event.time),
      name: event.name,
      attributes: plain(event.attributes),
    })),
    links: span.links.map((link) => ({
      traceId: link.traceId,
      spanId: link.spanId,
      attributes: plain(link.attributes),
    })),
  };
}

function serviceOf(attributes: Attributes): string {
  const at = attributes.indexOf('service.name');
  const value = at % 2 === 0 ? attributes[at + 1] : undefined;
  return typeof value === 'string' ? value : '';
}

export function plain(attributes: Attributes): Record<string, unknown> {
  const object: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (let i = 0; i < attributes.length; i += 2)
    object[attributes[i] as string] = plainValue(attributes[i + 1]!);
  return object;
}

function plainValue(value: AttributeValue): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (Array.isArray(value)) return value.map(plainValue);
  if (value instanceof KeyValues) return plain(value.list);
  if (value instanceof Uint8Array) return `base64:${Buffer.from(value).toString('base64')}`;
  return value;
}
