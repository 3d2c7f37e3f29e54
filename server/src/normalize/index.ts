import { createHash } from 'node:crypto';
import { createBoundedTextMap } from '../base/bounded-text-map.ts';
import { createJoinedTexts } from '../base/joined-texts.ts';
import type { AttributeValue, OtlpLink, OtlpLog, OtlpResource, OtlpSpan } from '../model/otlp.ts';
import {
  NONE,
  type FlowRef,
  type Message,
  type MessageKind,
  type Outcome,
  type Role,
  type Service,
  type Span,
  type SpanError,
  type SpanKey,
  type StepRef,
} from '../model/span.ts';
import type { EvidenceRecord } from '../model/record.ts';
import {
  createAttributeReader,
  TEXT_CUT,
  isLongName,
  nameIn,
  nameOf,
  shortened,
  textOf,
  type KeySettings,
  type ReadAttributes,
} from './attributes.ts';
import {
  DEFINITION,
  FIELDS,
  FIELD_INDEX as F,
  FLOW_SOURCES,
  MESSAGE_KINDS,
  MILESTONES,
  MILESTONE_OUTCOMES,
  OUTCOMES,
  RESOURCE,
} from './names.ts';
import { placeOf, requestNamed, TEMPORARY } from './places.ts';
import { repairTimes } from './repairs.ts';
import { isTooEarly, rootCause } from './root-cause.ts';
import { roleOf } from './role.ts';

export type { KeySettings } from './attributes.ts';

export interface Normalizer {
  /** What a service says a flow type consists of, as JSON; null: the record says something else. */
  definition(log: OtlpLog): string | null;
  span(span: OtlpSpan, receivedAtMs: number): EvidenceRecord;
  /** null: a log record that is no milestone event; counted, not kept. */
  /** `stored`: ids the record already has, when it comes back from the store. */
  event(
    log: OtlpLog,
    receivedAtMs: number,
    stored?: { traceId: string; spanId: string },
  ): EvidenceRecord | null;
}

interface ReadLinks {
  links: readonly SpanKey[];
  /** So many links name a span; several may name the same. */
  named: number;
  json: string;
  cut: boolean;
}

interface ResourceMemo {
  service: Service;
  json: string;
  namesCut: number;
}

const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;
/** OpenTelemetry's probability sampling: a rejection threshold above none (tracestate `ot=th:…`). */
const SAMPLED = /(?:^|,)\s*ot=(?:[^,]*;)?th:(?!0+(?:[;,\s]|$))[0-9a-f]/;
/** SDKs keep 128; what a span links beyond this is stored and shown, and joins nothing: each is looked at many times. */
const MOST_LINKS = 4096;
const LINKS_CUT = `only the first ${MOST_LINKS} links count`;
/** What its objects are kept for: fifty thousand services of usual names. */
const MOST_SERVICE_CHARACTERS = 8_000_000;
const ID16 = /^[0-9a-f]{16}$/;
const ID32 = /^[0-9a-f]{32}$/;

/** OTLP → Span. Attribute names die here (invariant I5). Pure but for its caches. */
export function createNormalizer(settings: KeySettings): Normalizer {
  const reader = createAttributeReader(settings);

  /** Services repeat: one object each, so that a million spans do not hold a million copies. */
  const services = createBoundedTextMap<Service>(MOST_SERVICE_CHARACTERS);
  const resourceOf = (resource: OtlpResource): ResourceMemo => {
    if (resource.memo !== undefined) return resource.memo as ResourceMemo;
    let namesCut = 0;
    const find = (names: readonly string[]): string => {
      for (const name of names)
        for (let i = 0; i < resource.attributes.length; i += 2)
          if (resource.attributes[i] === name) {
            const value = resource.attributes[i + 1];
            if (isLongName(value)) namesCut++;
            return nameOf(value);
          }
      return '';
    };
    const host = find(RESOURCE.host);
    const service: Service = {
      environment: find(RESOURCE.environment),
      name: find(RESOURCE.service) || 'unknown_service',
      version: find(RESOURCE.version),
      instance: find(RESOURCE.instance),
      ...(host !== '' && { host }),
    };
    const id = [service.environment, service.name, service.version, service.instance, host].join('\0');
    let known = services.get(id);
    if (known === undefined) services.set(id, (known = service), 2 * id.length);
    const memo: ResourceMemo = { service: known, json: reader.json(resource.attributes), namesCut };
    resource.memo = memo;
    return memo;
  };

  const linksOf = (links: OtlpLink[]): ReadLinks => {
    if (links.length === 0) return { links: NONE, named: 0, json: '', cut: false };
    let cut = false;
    let named = 0;
    const valid = new Set<SpanKey>();
    const text: string[] = [];
    for (const link of links) {
      const attributes = link.attributes.length === 0 ? '' : reader.json(link.attributes);
      text.push(
        `{"traceId":${JSON.stringify(link.traceId)},"spanId":${JSON.stringify(link.spanId)}${attributes === '' ? '' : `,"attributes":${attributes}`}}`,
      );
      if (valid.size === MOST_LINKS) {
        cut = true;
        continue;
      }
      if (!ID32.test(link.traceId) || !ID16.test(link.spanId)) continue;
      valid.add(link.traceId + link.spanId);
      named++;
    }
    return { links: [...valid], named, json: `[${text.join(',')}]`, cut };
  };

  return {
    definition(log) {
      if (log.eventName !== DEFINITION.event) return null;
      const at = log.attributes.findIndex((value, i) => i % 2 === 0 && value === DEFINITION.body);
      return at < 0 ? '' : textOf(log.attributes[at + 1]);
    },
    span(otlp, receivedAtMs) {
      const { service, json: resource, namesCut } = resourceOf(otlp.resource);
      const read = reader.read(otlp.attributes);
      const { values } = read;
      const system = nameOf(values[F.system]) || (values[F.bullmqOperation] !== undefined ? 'bullmq' : '');
      const failed = otlp.statusCode === 2;
      const error = failed ? errorOf(otlp, read) : null;
      const isRefused = error !== null && isTooEarly(error);
      const named = roleOf(
        otlp.kind,
        system,
        nameOf(values[F.operation]),
        nameOf(values[F.operationName]),
        nameOf(values[F.faasTrigger]),
      );
      const role = isRefused && (named === 'process' || named === 'receive') ? 'settle' : named;
      const { links, named: linked, json: linkJson, cut } = linksOf(otlp.links);
      let { start, end } = otlp;
      let warnings = NONE;
      if (end < start || end > 0x7fffffffffffffffn || start > 0x7fffffffffffffffn) {
        const repaired = repairTimes(otlp);
        if (repaired)
          ({
            times: { start, end },
            warnings,
          } = repaired);
      }
      if (cut) warnings = [...warnings, LINKS_CUT];
      const events = reader.events(otlp.events);
      if (read.cut || events.cut) warnings = [...warnings, TEXT_CUT];
      const message = isMessaging(role) ? messageOf(values, system, role) : null;
      if (message !== null && (role === 'receive' || role === 'process')) {
        const missing = linksCutOf(otlp, linked, message.batchCount);
        if (missing > 0) message.linksCut = missing;
      }
      const span: Span = {
        key: otlp.traceId + otlp.spanId,
        traceId: otlp.traceId,
        parent: otlp.parentSpanId === '' ? '' : otlp.traceId + otlp.parentSpanId,
        parentRemote: (otlp.flags & HAS_IS_REMOTE) === 0 ? null : (otlp.flags & IS_REMOTE) !== 0,
        role,
        milestone: null,
        name: nameIn(message?.destination === TEMPORARY ? withoutPlace(otlp.name, values) : otlp.name),
        start,
        end,
        failed: failed && !isRefused,
        error: isRefused ? null : error,
        sampled: otlp.traceState !== '' && SAMPLED.test(otlp.traceState),
        service,
        links,
        message,
        flow: flowOf(read),
        step: stepOf(values),
        keys: read.keys,
        identities: read.identities,
        route: routeOf(values) || (role === 'server' ? serverRouteOf(values, otlp.name) : ''),
        warnings,
        receivedAtMs,
        names: null,
      };
      const record: EvidenceRecord = {
        span,
        raw: {
          eventName: '',
          name: otlp.name,
          start: otlp.start,
          end: otlp.end,
          kind: otlp.kind,
          flags: otlp.flags,
          statusCode: otlp.statusCode,
          statusMessage: otlp.statusMessage,
          traceState: otlp.traceState,
          scope: otlp.scopeName,
          attributes: read.json,
          resource,
          events: events.json,
          links: linkJson,
        },
      };
      const { droppedLinks } = otlp;
      if (droppedLinks !== undefined) record.raw.droppedLinks = droppedLinks;
      return counted(record, namesCut + read.namesCut);
    },
    event(log, receivedAtMs, stored) {
      const milestone = MILESTONES.get(log.eventName);
      if (milestone === undefined) return null;
      const { service, json: resource, namesCut } = resourceOf(log.resource);
      const read = reader.read(log.attributes);
      const flow = flowOf(read);
      const inTrace = ID32.test(log.traceId);
      if (flow === null && !inTrace) return null;
      if (flow !== null && flow.outcome === '') flow.outcome = MILESTONE_OUTCOMES[milestone] ?? '';
      const at = log.time === 0n ? log.observed : log.time;
      // A log record has no id: its content is its identity, so that a retried export is the same event.
      const hash = createHash('sha1')
        .update(`${log.traceId}\0${log.spanId}\0${log.eventName}\0${at}\0${read.json.join('')}\0${resource}`)
        .digest('hex');
      const traceId = stored?.traceId ?? (inTrace ? log.traceId : hash.slice(0, 32));
      const spanId = stored?.spanId ?? hash.slice(-16);
      const error = milestone.endsWith('failed');
      const span: Span = {
        key: traceId + spanId,
        traceId,
        parent: inTrace && ID16.test(log.spanId) ? log.traceId + log.spanId : '',
        parentRemote: false,
        role: 'event',
        milestone,
        name: log.eventName,
        start: at,
        end: at,
        failed: error,
        error: error
          ? {
              type: nameOf(read.values[F.errorType]) || 'error',
              message: textOf(read.values[F.errorMessage]),
            }
          : null,
        sampled: false,
        service,
        links: NONE,
        message: null,
        flow,
        step: stepOf(read.values),
        keys: read.keys,
        identities: read.identities,
        route: '',
        warnings: NONE,
        receivedAtMs,
        names: null,
      };
      const record: EvidenceRecord = {
        span,
        raw: {
          eventName: log.eventName,
          name: log.eventName,
          start: at,
          end: at,
          kind: 0,
          flags: 0,
          statusCode: 0,
          statusMessage: textOf(log.body),
          traceState: '',
          scope: log.scopeName,
          attributes: read.json,
          resource,
          events: '',
          links: '',
        },
      };
      return counted(record, namesCut + read.namesCut);
    },
  };
}

function counted(record: EvidenceRecord, namesCut: number): EvidenceRecord {
  if (namesCut > 0) record.namesCut = namesCut;
  return record;
}

type Values = (AttributeValue | undefined)[];

function isMessaging(role: Role): boolean {
  return (
    role === 'create' || role === 'send' || role === 'receive' || role === 'process' || role === 'settle'
  );
}

/**
 * How many of the messages that it took are named by no link. A poll that names none at all says nothing by that: whoever
 * processes its messages names them one by one.
 */
function linksCutOf(otlp: OtlpSpan, named: number, batchCount: number): number {
  const unread = (otlp.droppedLinks ?? 0) + otlp.links.length - named;
  const byParent = otlp.links.length === 0 && (otlp.flags & IS_REMOTE) !== 0 ? 1 : 0;
  const known = named + byParent;
  return Math.max(unread, known > 0 ? batchCount - known : 0);
}

function messageOf(values: Values, system: string, role: Role): Message {
  const kind = nameOf(values[F.messageKind]);
  const isSend = role === 'send' || role === 'create';
  const place = placeOf(nameOf(values[F.destination]), nameOf(values[F.routingKey]), system, isSend);
  const { destination, isTemporary } = place;
  const conversation = nameOf(values[F.conversation]);
  const partition = nameOf(values[F.partition]);
  const offset = nameOf(values[F.offset]);
  return {
    // What is sent to a queue that somebody made for an answer, is one.
    kind: MESSAGE_KINDS.includes(kind)
      ? (kind as MessageKind)
      : isTemporary && conversation !== ''
        ? 'reply'
        : '',
    type: nameOf(values[F.messageType]) || place.type,
    id: nameOf(values[F.messageId]),
    system,
    destination: values[F.temporary] === true || isTemporary ? TEMPORARY : destination,
    group: nameOf(values[F.group]) || nameOf(values[F.subscription]),
    partition,
    position:
      partition !== '' && offset !== '' && destination !== '' ? `${destination}/${partition}/${offset}` : '',
    batchCount: Number(values[F.batchCount] ?? 0) || 0,
    conversation,
    correlationId: nameOf(values[F.correlationId]),
    causationId: nameOf(values[F.causationId]),
    deadLettered: values[F.deadLetteredFrom] !== undefined,
  };
}

function flowOf({ values, ranks }: ReadAttributes): FlowRef | null {
  const id = nameOf(values[F.flowId]);
  const type = nameOf(values[F.flowType]);
  const outcome = nameOf(values[F.flowOutcome]);
  const deadlineMs = instantOf(values[F.flowDeadline]);
  if (id === '' && type === '' && outcome === '') return null;
  const source = nameOf(values[F.flowSource]);
  const rank = id === '' ? 0 : ranks[F.flowId]!;
  return {
    id,
    kind: rank === 0 ? '' : FIELDS.flowId[rank]!,
    type,
    version: nameOf(values[F.flowVersion]),
    source: (FLOW_SOURCES.includes(source) ? source : 'explicit') as FlowRef['source'],
    parentId: nameOf(values[F.flowParentId]),
    parentType: nameOf(values[F.flowParentType]),
    outcome: (OUTCOMES.includes(outcome) ? outcome : '') as Outcome | '',
    deadlineMs,
  };
}

function stepOf(values: Values): StepRef | null {
  const name = nameOf(values[F.stepName]);
  const id = nameOf(values[F.stepId]);
  const attempt = Number(values[F.stepAttempt] ?? 0) || 0;
  const compensates = nameOf(values[F.stepCompensates]);
  const result = nameOf(values[F.stepResult]);
  const kind = nameOf(values[F.stepKind]);
  const deadlineMs = instantOf(values[F.stepDeadline]);
  const itinerary = textOf(values[F.itinerary]);
  if (
    name === '' &&
    id === '' &&
    attempt === 0 &&
    compensates === '' &&
    result === '' &&
    kind === '' &&
    deadlineMs === 0 &&
    itinerary === ''
  )
    return null;
  return { name, id, kind, attempt, result, compensates, deadlineMs, itinerary };
}

/** Epoch ms, or ISO 8601; 0 where it is neither. */
function instantOf(value: AttributeValue | undefined): number {
  if (value === undefined) return 0;
  const text = nameOf(value);
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isFinite(ms) && ms > 0 && ms < 8.64e15 ? ms : 0;
}

const requestTo = createJoinedTexts(' ', 2_000_000);
function routeOf(values: Values): string {
  const route = nameOf(values[F.httpRoute]);
  const method = nameOf(values[F.httpMethod]);
  if (route !== '') return method === '' ? route : requestTo(method, route);
  const rpc = nameOf(values[F.rpcMethod]);
  if (rpc !== '') return `${nameOf(values[F.rpcService])}/${rpc}`;
  return method;
}

/** Micrometer names the template of the path; else the span's name is all that tells one request from another. */
function serverRouteOf(values: Values, name: string): string {
  const uri = nameOf(values[F.uri]);
  const method = nameOf(values[F.method]);
  return uri.startsWith('/') && method !== '' ? requestTo(method, uri) : requestNamed(name);
}

/** The name of a queue that was made for one answer tells nothing, and is in no other span. */
function withoutPlace(name: string, values: Values): string {
  const place = nameOf(values[F.destination]);
  return place === '' ? name : name.replace(place, TEMPORARY);
}

/** Characters of an error's message; all of it stands in the span. */
const LONGEST_MESSAGE = 500;

/** What failed, from (in this order) error.type, the newest exception event, the status message; its cause, where told. */
function errorOf(span: OtlpSpan, read: ReadAttributes): SpanError {
  let type = nameOf(read.values[F.errorType]);
  let message = textOf(read.values[F.errorMessage]);
  const thrown = span.events.findLast(({ name }) => name === 'exception');
  if (thrown !== undefined) {
    const told = new Map<unknown, AttributeValue>();
    for (let a = 0; a < thrown.attributes.length; a += 2)
      told.set(thrown.attributes[a], thrown.attributes[a + 1]!);
    const thrownType = nameOf(told.get('exception.type'));
    const cause = rootCause(textOf(told.get('exception.stacktrace')));
    // Whoever says another type says more than what was thrown.
    const isItself = type === '' || type === thrownType;
    type = (isItself && cause?.type) || type || thrownType;
    message = (isItself && cause?.message) || message || textOf(told.get('exception.message'));
  }
  return { type: type || 'error', message: shortened(message || span.statusMessage, LONGEST_MESSAGE) };
}
