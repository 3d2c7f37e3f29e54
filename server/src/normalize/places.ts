import { createBoundedTextMap } from '../base/bounded-text-map.ts';
import { TEMPORARY } from '../model/destinations.ts';
import { withoutIds } from '../model/templates.ts';

/**
 * Reads the names that clients give to destinations. All functions are pure, apart from a cache.
 */

export interface Place {
  destination: string;
  /**
   * Holds the routing key as the type of the message, if a sender reports both an exchange and a
   * routing key; else ''. Parts of the key that name one thing are replaced.
   */
  type: string;
  /** Is true if the name of the destination has a form that only generated names have. */
  isTemporary: boolean;
  /**
   * Is true if the message was addressed to a temporary destination itself, and not to an exchange
   * that the destination is bound to. Such a message answers somebody.
   */
  isAnswer: boolean;
}

/**
 * Matches destinations by which the nodes of a framework find each other. Their messages belong to
 * no business process: Moleculer's packets, and the events and remote control of Celery's workers.
 */
const UPKEEP =
  /^MOL(?:-[^.]+)?\.(?:HEARTBEAT|DISCOVER|INFO|PING|PONG|DISCONNECT)(?:\.|$)|^celeryev$|(?:^|\.)(?:celery\.)?pidbox$/;
export const isUpkeep = (destination: string, routingKey: string): boolean =>
  UPKEEP.test(destination) || UPKEEP.test(routingKey);

const UUID = '[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}';
/**
 * Lists forms of names that clients, frameworks and brokers generate for one receiver. Topics that
 * a framework derives from an application's name, such as changelogs of Kafka Streams, are not
 * among them, because their names stay.
 */
const GENERATED: readonly RegExp[] = [
  // RabbitMQ: all names that begin with `amq.` are made by the broker. Exchanges have fixed names.
  /^amq\.(?:gen-|ctag|rabbitmq\.reply-to)/,
  /^amq_[0-9a-f]{32}$/,
  // The Java agent, for a queue that the broker named.
  /^<generated>$/,
  // Spring AMQP: anonymous queues.
  /^spring\.gen-/,
  // NATS: inboxes, also with a prefix of the application.
  /(?:^|\.)_INBOX\./,
  // MassTransit: the queue of one bus instance, and responses to one client.
  /(?:^|_)bus_[0-9a-z]{20,}$/,
  /(?:^|_)endpoint_[0-9a-z]{26}$/,
  // EasyNetQ and others: `easynetq.response.<uuid>`.
  new RegExp(`(?:^|[._\\-/:])(?:repl(?:y|ies)|responses?|callbacks?)[._\\-/:]+${UUID}$`, 'i'),
  // Celery, Nameko and others: the name of a queue of replies is nothing but an id.
  new RegExp(`^${UUID}$`, 'i'),
];
const known = createBoundedTextMap<boolean>(1_000_000);
/** Returns whether a name has a form that only generated names have. */
export function isGenerated(name: string): boolean {
  if (name === '') return false;
  let isOne = known.get(name);
  if (isOne === undefined) {
    isOne = GENERATED.some((form) => form.test(name));
    known.set(name, isOne, name.length);
  }
  return isOne;
}
const shown = createBoundedTextMap<string>(1_000_000);
/** Returns a text of several words with `(temporary)` in place of generated names. */
export function withoutGenerated(text: string): string {
  if (text === '') return '';
  let result = shown.get(text);
  if (result === undefined) {
    result = text
      .split(' ')
      .map((word) => (isGenerated(word) ? TEMPORARY : word))
      .join(' ');
    shown.set(text, result, text.length + result.length);
  }
  return result;
}
/**
 * Matches `exchange,routing key`. If the part for the exchange is empty, the routing key is the
 * name of the queue.
 */
const PAIR = /^([^,]*),([^,]*)$/;
/** Lists placeholders that clients write in place of the empty name of the default exchange. */
const UNNAMED: ReadonlySet<string> = new Set(['{}', '<default>', '(AMQP default)', 'amq.default']);

/**
 * Returns destination and message type. Only a sender (`isSend`) reports the exchange. A consumer
 * may report its own queue instead, and its routing key tells nothing about that queue.
 */
export function placeOf(name: string, routingKey: string, system: string, isSend: boolean): Place {
  const pair = system === 'rabbitmq' && isSend ? PAIR.exec(name) : null;
  const told = pair === null ? name : pair[1]!;
  const exchange = UNNAMED.has(told) ? '' : told;
  const key = pair === null ? routingKey : pair[2]!;
  const destination = exchange || key;
  const isTyped = isSend && exchange !== '' && key !== exchange;
  const isTemporary = isGenerated(destination);
  return {
    destination,
    type: isTyped ? typeOf(withoutIds(key)) : '',
    isTemporary,
    isAnswer: isTemporary && (isSend || (exchange === '' && key !== '')),
  };
}

/** Returns a type of message, which is '' if no word of the routing key is left. */
const typeOf = (key: string): string => (/[^*./:]/.test(key) ? key : '');

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
