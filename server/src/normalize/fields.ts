import { createJoinedTexts } from '../base/joined-texts.ts';
import { TEMPORARY } from '../model/destinations.ts';
import type { AttributeValue } from '../model/otlp.ts';
import type { FlowRef, Message, MessageKind, Outcome, Role, StepRef } from '../model/span.ts';
import { nameOf, textOf, type ReadAttributes } from './attributes.ts';
import {
  FIELDS,
  FIELD_INDEX as F,
  FLOW_SOURCES,
  MESSAGE_KINDS,
  OUTCOMES,
  SYSTEM_NAMES,
} from './names.ts';
import { typeIn } from './message-types.ts';
import { isGenerated, placeOf, requestNamed, withoutGenerated, type Place } from './places.ts';

/**
 * Attribute values by field, independent of the names of the attributes. The functions below derive
 * the message, flow, step and route of a span from them.
 */
export type Values = (AttributeValue | undefined)[];

export function isMessaging(role: Role): boolean {
  return (
    role === 'create' ||
    role === 'send' ||
    role === 'receive' ||
    role === 'process' ||
    role === 'settle'
  );
}

/** Returns the messaging system; '' if neither an attribute nor the name of one tells it. */
export function systemOf({ values, system }: Pick<ReadAttributes, 'values' | 'system'>): string {
  const told = nameOf(values[F.system]).toLowerCase();
  return (SYSTEM_NAMES.get(told) ?? told) || system;
}

export function messageOf(values: Values, system: string, role: Role): Message {
  const isSend = role === 'send' || role === 'create';
  const place = placeOf(
    nameOf(values[F.destination]),
    nameOf(values[F.routingKey]),
    system,
    isSend,
  );
  const { destination, isTemporary } = place;
  const deadLetteredFrom = values[F.deadLetteredFrom];
  const conversation = nameOf(values[F.conversation]);
  const partition = nameOf(values[F.partition]);
  const offset = nameOf(values[F.offset]);
  const subscription = nameOf(values[F.group]) || nameOf(values[F.subscription]);
  const group = withoutGenerated(subscription);
  const message: Message = {
    kind: kindOf(values, place, conversation),
    type: typeOf(values, place),
    id: nameOf(values[F.messageId]),
    system,
    destination: isTrue(values[F.temporary]) || isTemporary ? TEMPORARY : destination,
    group,
    partition,
    position:
      partition !== '' && offset !== '' && destination !== ''
        ? `${destination}/${partition}/${offset}`
        : '',
    batchCount: Number(values[F.batchCount] ?? 0) || 0,
    conversation,
    deadLettered: deadLetteredFrom !== undefined,
  };
  if (group !== subscription) message.subscription = subscription;
  if (values[F.contextless] === true) message.contextless = true;
  return message;
}

/** Some agents report a boolean as text. */
const isTrue = (value: AttributeValue | undefined): boolean => value === true || value === 'true';

/** Maps NServiceBus's message intents to kinds of messages. */
const INTENTS: ReadonlyMap<string, MessageKind> = new Map<string, MessageKind>([
  ['send', 'command'],
  ['publish', 'event'],
  ['reply', 'reply'],
]);
/**
 * Returns the kind of the message; '' if unknown. A message to a temporary queue is a reply if it
 * was addressed to the queue itself or has a conversation. This overrides `command`, because some
 * clients report every message to a queue as a command.
 */
function kindOf(
  values: Values,
  { isTemporary, isAnswer }: Place,
  conversation: string,
): MessageKind | '' {
  const kind = nameOf(values[F.messageKind]);
  const isAddressed = isAnswer && isGenerated(nameOf(values[F.messageType]));
  if (kind === 'command' && isAddressed) return 'reply';
  if (MESSAGE_KINDS.includes(kind)) return kind as MessageKind;
  const intent = INTENTS.get(nameOf(values[F.messageIntent]).toLowerCase());
  return intent ?? (isAnswer || (isTemporary && conversation !== '') ? 'reply' : '');
}

/**
 * Returns the type of the message; '' if unknown. The generated name of a queue is not used as a
 * type.
 */
function typeOf(values: Values, place: Place): string {
  const type = nameOf(values[F.messageType]);
  if (isGenerated(type)) return '';
  return type || typeIn(nameOf(values[F.messageTypes])) || jobIn(values) || place.type;
}

/** Returns the short name of the job's class; '' if the message is no job. */
const jobIn = (values: Values): string => typeIn(nameOf(values[F.jobType]));

/** Replaces the name of a queue of many kinds of jobs in a span's name by the class of the job. */
export function withJob(name: string, { destination }: Message, values: Values): string {
  const job = jobIn(values);
  return job === '' || destination === '' || name.includes(job)
    ? name
    : name.replace(destination, () => job);
}

export function flowOf({ values, ranks }: ReadAttributes): FlowRef | null {
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

export function stepOf(values: Values): StepRef | null {
  const name = withoutGenerated(nameOf(values[F.stepName]));
  const id = nameOf(values[F.stepId]);
  const retries = values[F.stepRetries];
  const attempt =
    Number(values[F.stepAttempt] ?? (retries === undefined ? 0 : Number(retries) + 1)) || 0;
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

/**
 * Parses an instant, which is either a number of ms since 1970 or an ISO 8601 text. Returns epoch
 * ms; 0 for any other text.
 */
function instantOf(value: AttributeValue | undefined): number {
  if (value === undefined) return 0;
  const text = nameOf(value);
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isFinite(ms) && ms > 0 && ms < 8.64e15 ? ms : 0;
}

const requestTo = createJoinedTexts(' ', 2_000_000);
/**
 * Returns the route of a span. The span of a message has only an HTTP route: its RPC method would
 * be that of the broker's client, which says less than the message.
 */
export function routeOf(values: Values, isOfMessage: boolean): string {
  const route = nameOf(values[F.httpRoute]);
  const method = nameOf(values[F.httpMethod]);
  if (route !== '') return method === '' ? route : requestTo(method, route);
  if (isOfMessage) return '';
  const rpc = nameOf(values[F.rpcMethod]);
  if (rpc !== '') return `${nameOf(values[F.rpcService])}/${rpc}`;
  return method;
}

/**
 * Returns the route of a server span without `http.route`: the path template that Micrometer
 * reports as `uri`, or else the route derived from the span's name.
 */
export function serverRouteOf(values: Values, name: string): string {
  const uri = nameOf(values[F.uri]);
  const method = nameOf(values[F.method]);
  return uri.startsWith('/') && method !== '' ? requestTo(method, uri) : requestNamed(name);
}

/**
 * Replaces the name of a temporary queue in a span's name by `TEMPORARY`, because the name differs
 * in every flow.
 */
export function withoutPlace(name: string, values: Values): string {
  const places = [nameOf(values[F.destination]), nameOf(values[F.routingKey]), '<generated>'];
  const place = places.find((one) => one !== '' && name.includes(one));
  return place === undefined ? name : name.replace(place, TEMPORARY);
}
