import { TEMPORARY } from '../model/destinations.ts';
import type { OtlpSpan } from '../model/otlp.ts';
import type { EvidenceRecord } from '../model/record.ts';
import type { Message, Role, Span } from '../model/span.ts';
import {
  nameIn,
  nameOf,
  TEXT_CUT,
  textOf,
  type AttributeReader,
  type ReadAttributes,
} from './attributes.ts';
import { errorOf } from './error.ts';
import {
  flowOf,
  isMessaging,
  messageOf,
  routeOf,
  serverRouteOf,
  systemOf,
  withJob,
  withoutPlace,
  type Values,
} from './fields.ts';
import { HAS_IS_REMOTE, IS_REMOTE } from './ids.ts';
import { moreOfSpan } from './more.ts';
import { linksCutOf, linksOf, LINKS_CUT, type ReadLinks } from './links.ts';
import { FIELD_INDEX as F } from './names.ts';
import { rawOf, recordOf, spanOf } from './record.ts';
import { isGenerated, isUpkeep } from './places.ts';
import { repairTimes, type Times } from './repairs.ts';
import type { ResourceReader } from './resource.ts';
import { roleOf } from './role.ts';
import { isTooEarly } from './root-cause.ts';
import { settlementOf } from './settlement.ts';

/**
 * Matches a tracestate that shows random sampling by OpenTelemetry: a rejection threshold
 * (`ot=th:…`) above zero.
 */
const SAMPLED = /(?:^|,)\s*ot=(?:[^,]*;)?th:(?!0+(?:[;,\s]|$))[0-9a-f]/;
const MAX_TIME = 0x7fffffffffffffffn;

/** Returns a function that converts an OTLP span to a record. */
export const createSpanNormalizer =
  (reader: AttributeReader, resourceOf: ResourceReader) =>
  (otlp: OtlpSpan, receivedAtMs: number): EvidenceRecord => {
    const resource = resourceOf(otlp.resource);
    const read = reader.read(otlp.attributes);
    const { values } = read;
    const system = systemOf(read);
    const failed = otlp.statusCode === 2;
    const error = failed ? errorOf(otlp, read) : null;
    const isRefused = error !== null && isTooEarly(error);
    const role = roleIn(otlp, read, system, isRefused);
    const links = linksOf(reader, otlp.links);
    const events = reader.events(otlp.events);
    const repaired = isOutOfOrder(otlp) ? repairTimes(otlp) : null;
    const message = messageIn(otlp, read, system, role, links);

    const times = repaired?.times ?? otlp;
    const span = spanOf(
      otlp.traceId,
      otlp.spanId,
      resource,
      read,
      flowOf(read),
      times,
      receivedAtMs,
    );
    if (otlp.parentSpanId !== '') span.parent = otlp.traceId + otlp.parentSpanId;
    if ((otlp.flags & HAS_IS_REMOTE) !== 0) span.parentRemote = (otlp.flags & IS_REMOTE) !== 0;
    span.role = role;
    span.name = nameIn(nameFor(otlp.name, message, values));
    span.failed = failed && !isRefused;
    if (!isRefused) span.error = error;
    span.sampled = otlp.traceState !== '' && SAMPLED.test(otlp.traceState);
    span.links = links.links;
    span.message = message;
    span.route =
      routeOf(values, message !== null) ||
      (role === 'server' ? serverRouteOf(values, otlp.name) : '');
    noteSettlement(span, read, otlp.name);
    if (repaired) span.warnings = repaired.warnings;
    if (links.cut) span.warnings = [...span.warnings, LINKS_CUT];
    if (read.cut || events.cut) span.warnings = [...span.warnings, TEXT_CUT];
    if (otlp.cut !== undefined) span.warnings = [...span.warnings, LIMITS_CUT];

    const raw = rawOf(otlp.name, otlp.scopeName, resource, read, otlp);
    raw.kind = otlp.kind;
    raw.flags = otlp.flags;
    raw.statusCode = otlp.statusCode;
    raw.statusMessage = otlp.statusMessage;
    raw.traceState = otlp.traceState;
    raw.events = events.json;
    raw.links = links.json;
    if (otlp.droppedLinks !== undefined) raw.droppedLinks = otlp.droppedLinks;
    raw.more = moreOfSpan(reader, otlp, resource, read);
    return recordOf(span, raw, resource.namesCut + read.namesCut);
  };

const LIMITS_CUT = 'parts and texts beyond the limits were cut';

/** Fields that only spans of HTTP requests and remote procedure calls have. */
const CALLS: readonly number[] = [F.httpRoute, F.httpMethod, F.rpcMethod, F.rpcService];

/** Returns the name of a span without what differs in every flow, and with the class of its job. */
function nameFor(name: string, message: Message | null, values: Values): string {
  if (message === null) return name;
  return message.destination === TEMPORARY
    ? withoutPlace(name, values)
    : withJob(name, message, values);
}

/**
 * Records on the span that the consumer returned or dead-lettered its message, if the span says so.
 */
function noteSettlement(span: Span, { values }: ReadAttributes, name: string): void {
  const stated = nameOf(values[F.settlement]);
  const settled = settlementOf(span.role, stated, nameOf(values[F.operationName]), name);
  if (settled === undefined) return;
  span.settled = settled;
  span.error ??= { type: settled, message: textOf(values[F.errorMessage]) };
}

const isOutOfOrder = ({ start, end }: Times): boolean =>
  end < start || end > MAX_TIME || start > MAX_TIME;

function roleIn(
  otlp: OtlpSpan,
  { values }: ReadAttributes,
  system: string,
  isRefused: boolean,
): Role {
  const role = roleOf({
    kind: otlp.kind,
    name: otlp.name,
    system,
    operation: nameOf(values[F.operation]),
    operationName: nameOf(values[F.operationName]),
    destination: nameOf(values[F.destination]),
    isCall: CALLS.some((field) => values[field] !== undefined),
    trigger: nameOf(values[F.faasTrigger]),
    daprApi: nameOf(values[F.daprApi]),
    links: otlp.links.length,
    batchCount: Number(values[F.batchCount] ?? 0) || 0,
    isRoot: otlp.parentSpanId === '',
    isEmpty: isEmpty(values),
    isUpkeep: isUpkeep(nameOf(values[F.destination]), nameOf(values[F.routingKey])),
  });
  return isRefused && (role === 'process' || role === 'receive') ? 'settle' : role;
}

/** Matches the name of an operation that got no message: `fetch (empty)`. */
const EMPTY = /\(empty\)$/;
/** Returns whether a span reports that it got no message. */
function isEmpty(values: Values): boolean {
  const counted = values[F.batchCount] ?? values[F.envelopeSize];
  return (
    (counted !== undefined && Number(counted) === 0) || EMPTY.test(nameOf(values[F.operationName]))
  );
}

/**
 * Returns the queue from which a consumer of RabbitMQ took its message, if only the span's name
 * tells it. Some clients report the exchange as the destination, and name the span `<queue>
 * process`. Returns '' otherwise, also for placeholders such as `<default>`.
 */
function queueNamed(name: string, role: Role, { system, destination, group }: Message): string {
  if (system !== 'rabbitmq' || role !== 'process' || group !== '') return '';
  const queue = /^([^<\s]\S*) process$/.exec(name)?.[1] ?? '';
  return queue === destination ? '' : nameIn(queue);
}

function messageIn(
  otlp: OtlpSpan,
  { values }: ReadAttributes,
  system: string,
  role: Role,
  links: ReadLinks,
): Message | null {
  if (!isMessaging(role)) return null;
  const message = messageOf(values, system, role);
  const queue = queueNamed(otlp.name, role, message);
  // A generated queue has another name in each process, so its messages keep the exchange's name.
  if (isGenerated(queue)) message.subscription = queue;
  else if (queue !== '') message.destination = queue;
  if (role === 'receive' || role === 'process') {
    const missing = linksCutOf(otlp, links.named, message.batchCount);
    if (missing > 0) message.linksCut = missing;
  }
  return message;
}
