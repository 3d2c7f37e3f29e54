/** Reads the names that clients give to destinations. Pure. */

/**
 * Stands for queues that were created for one receiver: what is learned of one holds for all. OTel
 * uses the same word in span names.
 */
export const TEMPORARY = '(temporary)';

export interface Place {
  destination: string;
  /** Holds the routing key, where the exchange alone tells nothing of the message. */
  type: string;
  /** Tells whether the name has a form that only generated names have. */
  isTemporary: boolean;
}

/** Matches queue names that a client or the broker generated for an answer. */
const DRAWN = /^amq(?:_[0-9a-f]{32}|\.gen-[\w-]{16,}|\.rabbitmq\.reply-to.*)$/;
/** Matches `exchange,routing key`; without an exchange, the key is the queue. */
const PAIR = /^([^,]*),([^,]*)$/;
/** A key with a number in it may name one order rather than a type of message. */
const hasNumber = (text: string): boolean => /\d/.test(text);

/**
 * Returns destination and message type. Only a sender names the exchange (`isSend`). A consumer may
 * name its own queue, and its routing key tells nothing about that queue.
 */
export function placeOf(name: string, routingKey: string, system: string, isSend: boolean): Place {
  const pair = system === 'rabbitmq' && isSend ? PAIR.exec(name) : null;
  // `{}` is a template that was not filled in.
  const exchange = pair === null ? (name === '{}' ? '' : name) : pair[1]!;
  const key = pair === null ? routingKey : pair[2]!;
  const destination = exchange || key;
  const isTyped = isSend && exchange !== '' && key !== exchange && !hasNumber(key);
  return { destination, type: isTyped ? key : '', isTemporary: DRAWN.test(destination) };
}

/** Matches path segments that name one thing: a flow type must not stand for a single flow. */
const ONE_THING = /\/(?!v\d+(?:[/ ]|$))[^/ {}]*\d[^/ ]*/gi;
/** Names a request without a route: the span's name, without the parts that identify one thing. */
export const requestNamed = (name: string): string =>
  name.split('?', 1)[0]!.replace(ONE_THING, '/{}');
