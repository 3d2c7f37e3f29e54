/** Reads the names that clients give to destinations. All functions are pure. */

/**
 * Replaces the names of queues that were created for one receiver, so that what is learned about
 * one such queue applies to all. OpenTelemetry uses the same word in span names.
 */
export const TEMPORARY = '(temporary)';

export interface Place {
  destination: string;
  /**
   * Holds the routing key as the type of the message, if a sender reports both an exchange and a
   * routing key without digits; else ''.
   */
  type: string;
  /** Is true if the name of the destination has a form that only generated names have. */
  isTemporary: boolean;
}

/** Matches the names of queues that a client or the broker generated for an answer. */
const DRAWN = /^amq(?:_[0-9a-f]{32}|\.gen-[\w-]{16,}|\.rabbitmq\.reply-to.*)$/;
/**
 * Matches `exchange,routing key`. If the part for the exchange is empty, the routing key is the
 * name of the queue.
 */
const PAIR = /^([^,]*),([^,]*)$/;
/**
 * Returns whether a routing key contains a digit. Such a key may name one order and is not used as
 * a type of message.
 */
const hasNumber = (text: string): boolean => /\d/.test(text);

/**
 * Returns destination and message type. Only a sender (`isSend`) reports the exchange. A consumer
 * may report its own queue instead, and its routing key tells nothing about that queue.
 */
export function placeOf(name: string, routingKey: string, system: string, isSend: boolean): Place {
  const pair = system === 'rabbitmq' && isSend ? PAIR.exec(name) : null;
  // `{}` is a placeholder that the client left unfilled.
  const exchange = pair === null ? (name === '{}' ? '' : name) : pair[1]!;
  const key = pair === null ? routingKey : pair[2]!;
  const destination = exchange || key;
  const isTyped = isSend && exchange !== '' && key !== exchange && !hasNumber(key);
  return { destination, type: isTyped ? key : '', isTemporary: DRAWN.test(destination) };
}

/**
 * Matches path segments with a digit, such as an id, because a flow type must not contain the id of
 * one order. Version segments such as `/v2` do not match.
 */
const ONE_THING = /\/(?!v\d+(?:[/ ]|$))[^/ {}]*\d[^/ ]*/gi;
/**
 * Returns a name for a request whose route is unknown: the name of the span, with `{}` in place of
 * the parts that contain a digit, such as an id.
 */
export const requestNamed = (name: string): string =>
  name.split('?', 1)[0]!.replace(ONE_THING, '/{}');
