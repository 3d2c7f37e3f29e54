import { createJoinedTexts } from '../base/joined-texts.ts';
import { isSameDestination, isTemporary } from '../model/destinations.ts';
import type { InputSegment } from '../model/flow-input.ts';
import { isConsumer, isSend } from '../model/roles.ts';
import type { Message, Span } from '../model/span.ts';
import type { Draft } from './draft.ts';

/** Gives steps their types, names and kinds. All functions are pure. */

/**
 * Returns the step type. It is never the raw span name, as that may contain ids. A receive span
 * gets the type of a processing span, because the processing span may still arrive. With two types,
 * the step of one type would be reported as missing wherever only the other one occurs.
 */
export function typeKeyOf(draft: Draft): string {
  const { head, segment, spans } = draft;
  const what =
    ownName(head) ||
    routeOf(draft) ||
    (head.message !== null
      ? `${isConsumer(head.role) ? 'process' : head.role} ${sentAs(head, segment) || placeNameOf(head.message, segment)}`
      : (head.milestone ?? (onlySendIn(spans) || head.role)));
  return typeKeyIn(head.service.name, what);
}

/**
 * Returns a name for internal work that nothing else names: `send` and the one kind of message that
 * it sends. Returns '' if it sends none or several kinds.
 */
function onlySendIn(spans: readonly Span[]): string {
  let only = '';
  for (const { role, message } of spans) {
    if (!isSend(role)) continue;
    const name = message!.type || message!.destination;
    if (only !== '' && name !== only) return '';
    only = name;
  }
  return only === '' ? '' : `send ${only}`;
}

/** Returns the destination to which a segment's messages were sent; '' if it is unknown. */
export const sentTo = ({ causes }: InputSegment): string =>
  causes.find(({ where, span }) => where === 'flow' && span?.message)?.span?.message?.destination ??
  '';

/**
 * Returns the destination by which a message is named. A queue that was created for one consumer
 * has no name to learn, so the destination to which its messages were sent is used.
 */
const placeNameOf = ({ destination }: Message, segment: InputSegment): string =>
  isTemporary(destination) ? sentTo(segment) || destination : destination || sentTo(segment);

const typeKeyIn = createJoinedTexts(' ', 2_000_000);

/** Returns the span's own step name; '' for a `flow-expects` span, which names another step. */
const ownName = (head: Span): string =>
  head.milestone === 'flow-expects' ? '' : (head.step?.name ?? '');

/**
 * Returns the route of the request that the draft handles. If the span of the server has the method
 * alone, a framework may tell the path to a span of its own below it, as Next.js does. Only one
 * path counts, because a framework may try several.
 */
export function routeOf({ head, spans }: Draft): string {
  const { route, role, key } = head;
  if (role !== 'server' || route === '' || route.includes('/')) return route;
  const paths = new Set<string>();
  for (const span of spans)
    if (span.parent === key && span.role === 'server' && span.route.startsWith(`${route} `))
      paths.add(span.route);
  return paths.size === 1 ? [...paths][0]! : route;
}

export function nameOf(draft: Draft): string {
  const { head, segment } = draft;
  const name = ownName(head) || routeOf(draft);
  if (name !== '' || head.message === null) return name || head.name;
  const { type, destination } = head.message;
  const place = placeNameOf(head.message, segment);
  if (isGeneric(head.name) && (type || place) !== '')
    return `${isConsumer(head.role) ? 'process' : head.role} ${type || place}`;
  const sent = type === '' && destination !== '' ? sentAs(head, segment) || place : '';
  return sent === '' ? head.name : head.name.replace(destination, sent);
}
/**
 * Returns whether a span's name tells what is done with a message, but not with which one: `process
 * message`, or the name of a class and its method.
 */
const isGeneric = (name: string): boolean =>
  /^\w+ (?:message|event|command)s?$|^(?:ServiceBus|EventHub|EventProcessor)\w*\.\w+$/i.test(name);

/**
 * Returns the message type that the span declares. Otherwise returns the type that its send
 * declares, if the message was taken at the destination to which it was sent. Without this type,
 * all messages through an exchange that both sides name would have the exchange's name.
 */
function sentAs(head: Span, { causes }: InputSegment): string {
  const { type } = head.message!;
  if (type !== '' || !isConsumer(head.role)) return type;
  const [cause] = causes;
  const isNamed =
    cause?.span?.message &&
    (isSameDestination(cause.span, head) || isTemporary(head.message!.destination));
  return isNamed ? cause.span!.message!.type : '';
}

export function kindOf({ head, segment }: Draft): string {
  if (head.role === 'process' || head.role === 'receive') {
    const kind = head.message?.kind || segment.causes[0]?.span?.message?.kind;
    return kind === 'command' || kind === 'reply' || kind === 'timer' || kind === 'query'
      ? kind
      : 'event';
  }
  return head.role === 'server' ? 'request' : 'task';
}
