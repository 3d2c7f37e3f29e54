import type { Message, Span } from './span.ts';
import { isSend } from './roles.ts';

/**
 * This file decides, by destinations alone, whether a consumer can have received a message that was
 * sent. All functions are pure.
 */

/**
 * Messaging systems that route: a message is sent to one name (an exchange or a topic) and consumed
 * from another (a queue or a subscription). '' stands for an unknown system, which may route.
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
  // The next systems are frameworks, which report their own name and not that of the broker that
  // they use.
  'celery',
  'nservicebus',
  'masstransit',
]);
/**
 * Matches names of retry and dead-letter destinations. A message that could not be processed is
 * moved there and keeps its id.
 */
const SET_ASIDE =
  /(?:^|[^a-z])(?:retry|retries|dlq|dlx|dlt|dead|deadletters?|errors?|parked|parking)(?:[^a-z]|$)/i;
/**
 * Matches the suffix by which a retry or dead-letter destination differs from the original
 * destination, such as `DLQ` in `ordersDLQ` for `orders`.
 */
const CONTINUED = /retry|retries|dlq|dlx|dlt|dead|error|park/i;
/**
 * Matches names of dead-letter destinations, to which messages are moved that will not be retried.
 * MassTransit appends `_error` for failed messages, and `_skipped` for messages without a consumer.
 */
const DEAD =
  /dlq|dlx|dead[ ._-]?letter|(?:^|[^a-z])(?:dead|dlt|poison|parked|parking[ ._-]?lot)(?:$|[^a-z])|[^a-z]errors?$|_skipped$/i;
export const hasDeadName = (destination: string): boolean => DEAD.test(destination);

/** Matches names with a wildcard, which subscribe to several destinations. */
const WILDCARD = /[*+#>]/;

/**
 * Stands for the generated name of a queue that was created for one receiver, such as a reply queue
 * (`normalize/places.ts`).
 */
export const TEMPORARY = '(temporary)';
export const isTemporary = (destination: string): boolean => destination === TEMPORARY;

/** Returns the destination of the span's message; '' if it is not known or stands for several. */
export const destinationOf = ({ message }: Span): string => {
  const destination = message?.destination ?? '';
  return isTemporary(destination) || WILDCARD.test(destination) ? '' : destination;
};

export const isSameDestination = (a: Span, b: Span): boolean =>
  destinationOf(a) !== '' && destinationOf(a) === destinationOf(b);

/** Returns whether both spans have a known destination and these destinations differ. */
export const isElsewhere = (a: Span, b: Span): boolean => {
  const [here, there] = [destinationOf(a), destinationOf(b)];
  return here !== '' && there !== '' && here !== there;
};

export const isRouted = ({ message }: Span): boolean =>
  message !== null && ROUTING.has(message.system);

/**
 * Returns whether the consumer `taker` can have received the message of `send`, if both have the
 * same message id and no other evidence joins them. An equal id at another destination belongs to
 * another message, unless the broker routes messages or moved this one to a retry or dead-letter
 * destination.
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
 * Returns whether two spans report the same send. The layers of a client library often record one
 * span each: a `create` span above its `send` span, or a `send` span above another `send` span.
 */
export const isOneSending = (outer: Span, inner: Span): boolean =>
  outer !== inner &&
  isSend(outer.role) &&
  isSend(inner.role) &&
  (inner.parent === outer.key || inner.links.includes(outer.key)) &&
  (outer.role === 'create' || (inner.parent === outer.key && !isElsewhere(outer, inner)));
