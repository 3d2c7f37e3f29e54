import type { Message, Span } from './span.ts';
import { isSend } from './roles.ts';

/**
 * What destinations say of whether a message that was sent here may have been taken there. Pure.
 */

/**
 * Brokers that route: what was sent to one name is taken from others, that of a queue, a
 * subscription, an address.
 */
const ROUTING: ReadonlySet<string> = new Set([
  '',
  'rabbitmq',
  'gcp_pubsub',
  'servicebus',
  'eventgrid',
  'aws.sns',
  'jms',
  'activemq',
  'artemis',
  'solace',
]);
/**
 * Where what could not be processed is put, to be tried again or given up: the message keeps its id
 * on the way there.
 */
const SET_ASIDE =
  /(?:^|[^a-z])(?:retry|retries|dlq|dlx|dlt|dead|deadletters?|errors?|parked|parking)(?:[^a-z]|$)/i;
/** The same at the end of the name of the place that it was sent to. */
const CONTINUED = /retry|retries|dlq|dlx|dlt|dead|error|park/i;
/** Of a subscription to several. */
const WILDCARD = /[*+#>]/;

const destinationOf = ({ message }: Span): string => {
  const destination = message?.destination ?? '';
  return destination === '(temporary)' || WILDCARD.test(destination) ? '' : destination;
};

export const isSameDestination = (a: Span, b: Span): boolean =>
  destinationOf(a) !== '' && destinationOf(a) === destinationOf(b);

/** Both said where, and it is not the same place. */
export const isElsewhere = (a: Span, b: Span): boolean => {
  const [here, there] = [destinationOf(a), destinationOf(b)];
  return here !== '' && there !== '' && here !== there;
};

export const isRouted = ({ message }: Span): boolean =>
  message !== null && ROUTING.has(message.system);

/**
 * Of a message that only its id tells: what was sent to another place is another message, unless it
 * was set aside there.
 */
export const mayTake = (taker: Span, send: Span): boolean =>
  !isElsewhere(taker, send) || isRouted(send) || isSetAside(taker.message!, send.message!);

const isSetAside = (
  { destination, deadLettered }: Message,
  { destination: from }: Message,
): boolean =>
  deadLettered ||
  SET_ASIDE.test(destination) ||
  (destination.startsWith(from) && CONTINUED.test(destination.slice(from.length)));

/**
 * Layers of one client often have a span each: one sending, be it a create above its send or one
 * send above another.
 */
export const isOneSending = (outer: Span, inner: Span): boolean =>
  outer !== inner &&
  isSend(outer.role) &&
  isSend(inner.role) &&
  (inner.parent === outer.key || inner.links.includes(outer.key)) &&
  (outer.role === 'create' || (inner.parent === outer.key && !isElsewhere(outer, inner)));
