import type { Message, Span } from './span.ts';
import { isSend } from './roles.ts';

/**
 * Decides by destinations alone whether a consumer may have taken a message that was sent. All
 * functions are pure.
 */

/**
 * These brokers route: a message is sent to one name and consumed from another, that of a queue, a
 * subscription or an address.
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
 * Matches destinations for messages that could not be processed, and are retried there or given up.
 * The message keeps its id on the way.
 */
const SET_ASIDE =
  /(?:^|[^a-z])(?:retry|retries|dlq|dlx|dlt|dead|deadletters?|errors?|parked|parking)(?:[^a-z]|$)/i;
/** Matches the same at the end of a name that begins with the original destination. */
const CONTINUED = /retry|retries|dlq|dlx|dlt|dead|error|park/i;
/** Matches a subscription to several destinations. */
const WILDCARD = /[*+#>]/;

const destinationOf = ({ message }: Span): string => {
  const destination = message?.destination ?? '';
  return destination === '(temporary)' || WILDCARD.test(destination) ? '' : destination;
};

export const isSameDestination = (a: Span, b: Span): boolean =>
  destinationOf(a) !== '' && destinationOf(a) === destinationOf(b);

/** Tells whether both destinations are known and differ. */
export const isElsewhere = (a: Span, b: Span): boolean => {
  const [here, there] = [destinationOf(a), destinationOf(b)];
  return here !== '' && there !== '' && here !== there;
};

export const isRouted = ({ message }: Span): boolean =>
  message !== null && ROUTING.has(message.system);

/**
 * Tells whether `taker` may have consumed `send`, when the message id alone joins them: a message
 * at another destination is another message, unless it was set aside there.
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
 * Tells whether two spans report one send. The layers of one client often have a span each: a
 * create above its send, or one send above another.
 */
export const isOneSending = (outer: Span, inner: Span): boolean =>
  outer !== inner &&
  isSend(outer.role) &&
  isSend(inner.role) &&
  (inner.parent === outer.key || inner.links.includes(outer.key)) &&
  (outer.role === 'create' || (inner.parent === outer.key && !isElsewhere(outer, inner)));
