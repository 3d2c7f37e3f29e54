import { createBoundedTextMap } from '../base/bounded-text-map.ts';
import { TEMPORARY } from '../model/destinations.ts';
import { withoutIds } from '../model/templates.ts';

/**
 * Interprets the destination names that clients report. All functions are pure, apart from a cache.
 */

export interface Place {
  destination: string;
  /**
   * Type of the message, from the routing key, if a sender reports both an exchange and a routing
   * key; '' otherwise. Variable parts of the key, such as ids, are replaced by `*`.
   */
  type: string;
  /** True if the destination's name has the form of a generated name. */
  isTemporary: boolean;
  /**
   * True if the message was sent directly to a temporary destination and not to an exchange that it
   * is bound to. Such a message is a reply.
   */
  isAnswer: boolean;
}

/**
 * Matches destinations of a framework's internal messages, by which its nodes find and control each
 * other: Moleculer's packets, and the events and remote control of Celery's workers. These messages
 * belong to no business process.
 */
const UPKEEP =
  /^MOL(?:-[^.]+)?\.(?:HEARTBEAT|DISCOVER|INFO|PING|PONG|DISCONNECT)(?:\.|$)|^celeryev$|(?:^|\.)(?:celery\.)?pidbox$/;
export const isUpkeep = (destination: string, routingKey: string): boolean =>
  UPKEEP.test(destination) || UPKEEP.test(routingKey);

const UUID = '[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}';
/**
 * Forms of names that clients, frameworks and brokers generate for one receiver. Topics that a
 * framework names after an application, such as Kafka Streams changelogs, are not included, because
 * their names do not change.
 */
const GENERATED: readonly RegExp[] = [
  // Matches names that RabbitMQ generates. Its exchanges also begin with `amq.`, but are fixed.
  /^amq\.(?:gen-|ctag|rabbitmq\.reply-to)/,
  /^amq_[0-9a-f]{32}$/,
  // Matches what the OpenTelemetry Java agent reports for a queue that the broker named.
  /^<generated>$/,
  // Matches anonymous queues of Spring AMQP.
  /^spring\.gen-/,
  // Matches inboxes of NATS, possibly with a prefix of the application.
  /(?:^|\.)_INBOX\./,
  // Matches MassTransit's queue of a bus instance. The next line matches a client's endpoint.
  /(?:^|_)bus_[0-9a-z]{20,}$/,
  /(?:^|_)endpoint_[0-9a-z]{26}$/,
  // Matches reply queues of EasyNetQ and others, such as `easynetq.response.<uuid>`.
  new RegExp(`(?:^|[._\\-/:])(?:repl(?:y|ies)|responses?|callbacks?)[._\\-/:]+${UUID}$`, 'i'),
  // Matches reply queues of Celery, Nameko and others, whose names consist of an id only.
  new RegExp(`^${UUID}$`, 'i'),
];
const known = createBoundedTextMap<boolean>(1_000_000);
/** Returns whether a name has the form of a generated name. */
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
/** Replaces by `(temporary)` each word of a text that has the form of a generated name. */
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
 * Matches `exchange,routing key`. If the exchange is empty, the routing key is the name of the
 * queue.
 */
const PAIR = /^([^,]*),([^,]*)$/;
/** Placeholders that clients report for the default exchange, whose name is empty. */
const UNNAMED: ReadonlySet<string> = new Set(['{}', '<default>', '(AMQP default)', 'amq.default']);

/**
 * Returns the destination and the message type. Only a sender (`isSend`) reports the exchange. A
 * consumer may report its own queue instead, to which its routing key is unrelated.
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

/** Returns the routing key as a message type; '' if it contains only separators and wildcards. */
const typeOf = (key: string): string => (/[^*./:]/.test(key) ? key : '');

/**
 * Matches path segments that contain a digit, such as an id, because a flow type must not contain
 * the id of an order. Version segments such as `/v2` do not match.
 */
const ONE_THING = /\/(?!v\d+(?:[/ ]|$))[^/ {}]*\d[^/ ]*/gi;
/**
 * Returns a name for a request without a route: the span's name, with `{}` in place of path
 * segments that contain a digit, such as an id.
 */
export const requestNamed = (name: string): string =>
  name.split('?', 1)[0]!.replace(ONE_THING, '/{}');
