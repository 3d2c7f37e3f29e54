import type { Message, Span } from './span.ts';
import { isSend } from './roles.ts';

/**
 * This file decides, by destinations alone, whether a consumer may have taken a message that was
 * sent. All functions are pure.
 */

/**
 * Messaging systems that route messages: a message is sent to one name and consumed from another
 * name, which is that of a queue, a subscription or an address. '' is an unknown system, which may
 * route.
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
  // Frameworks that report themselves in place of the broker below them.
  'celery',
  'nservicebus',
  'masstransit',
]);
/**
 * Matches destinations for messages that could not be processed. Such a message is moved there to
 * be retried or given up, and keeps its id.
 */
const SET_ASIDE =
  /(?:^|[^a-z])(?:retry|retries|dlq|dlx|dlt|dead|deadletters?|errors?|parked|parking)(?:[^a-z]|$)/i;
/**
 * Matches the text that is added to the name of a destination to name its destination for
 * unprocessed messages, for example `DLQ` in `ordersDLQ`, which belongs to `orders`.
 */
const CONTINUED = /retry|retries|dlq|dlx|dlt|dead|error|park/i;
/**
 * Matches the names of destinations for messages that were given up. MassTransit adds `_error` for
 * failed messages, and `_skipped` for those without a consumer.
 */
const DEAD =
  /dlq|dlx|dead[ ._-]?letter|(?:^|[^a-z])(?:dead|dlt|poison|parked|parking[ ._-]?lot)(?:$|[^a-z])|[^a-z]errors?$|_skipped$/i;
export const hasDeadName = (destination: string): boolean => DEAD.test(destination);

/** Matches the name of a subscription to several destinations. */
const WILDCARD = /[*+#>]/;

/** Replaces the names of queues that were created for one receiver (`normalize/places.ts`). */
export const TEMPORARY = '(temporary)';
export const isTemporary = (destination: string): boolean => destination === TEMPORARY;

const destinationOf = ({ message }: Span): string => {
  const destination = message?.destination ?? '';
  return isTemporary(destination) || WILDCARD.test(destination) ? '' : destination;
};

export const isSameDestination = (a: Span, b: Span): boolean =>
  destinationOf(a) !== '' && destinationOf(a) === destinationOf(b);

/** Returns whether the destinations of both spans are known and differ. */
export const isElsewhere = (a: Span, b: Span): boolean => {
  const [here, there] = [destinationOf(a), destinationOf(b)];
  return here !== '' && there !== '' && here !== there;
};

export const isRouted = ({ message }: Span): boolean =>
  message !== null && ROUTING.has(message.system);

/**
 * Returns whether the consumer `taker` may have consumed the message of `send`, given that both
 * have the same message id and nothing else joins them. An equal id at another destination means
 * another message, unless the broker routes or the message was moved there because it could not be
 * processed.
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
 * Returns whether two spans report the same send. The layers of one client often record one span
 * each, such as a `create` span above its `send` span, or a `send` span above another.
 */
export const isOneSending = (outer: Span, inner: Span): boolean =>
  outer !== inner &&
  isSend(outer.role) &&
  isSend(inner.role) &&
  (inner.parent === outer.key || inner.links.includes(outer.key)) &&
  (outer.role === 'create' || (inner.parent === outer.key && !isElsewhere(outer, inner)));
