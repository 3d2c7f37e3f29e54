import type { Role } from '../model/span.ts';
import { lastWordOf } from './settlement.ts';

/** Numbers of the span kinds in OTLP (SpanKind). */
export const KIND = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;

/**
 * Roles by operation names, from all versions of the semantic conventions and from clients with
 * names of their own.
 */
const OPERATIONS: ReadonlyMap<string, Role> = new Map<string, Role>(
  Object.entries({
    create: 'create',
    send: 'send',
    publish: 'send',
    produce: 'send',
    enqueue: 'send',
    receive: 'receive',
    poll: 'receive',
    fetch: 'receive',
    pull: 'receive',
    process: 'process',
    deliver: 'process',
    consume: 'process',
    handle: 'process',
    settle: 'settle',
    ack: 'settle',
    nack: 'settle',
    commit: 'settle',
  }),
);
/**
 * Last words in the names of CLIENT spans that settle a message. Some agents report a different
 * operation for these spans, and some report none.
 */
const SETTLES: ReadonlySet<string> = new Set([
  ...['ack', 'nack', 'modack', 'reject', 'settle', 'commit'],
  ...['complete', 'abandon', 'deadletter', 'defer', 'renewlock'],
]);

/** Facts about a span from which its messaging role is determined. */
export interface Told {
  kind: number;
  name: string;
  system: string;
  operation: string;
  operationName: string;
  /** Destination of the message that the span reports; '' if it reports none. */
  destination: string;
  /** True if the span describes an HTTP request or a remote procedure call. */
  isCall: boolean;
  trigger: string;
  /** Path of the call to the Dapr sidecar; '' if there is none. */
  daprApi: string;
  /** Number of the span's links. */
  links: number;
  /** Number of messages in the operation; 0 if unknown. */
  batchCount: number;
  isRoot: boolean;
  /** True if the span reports that it got no message, as a poll that timed out does. */
  isEmpty: boolean;
  /**
   * True if the message is an internal message of a framework, by which its nodes find each other.
   */
  isUpkeep: boolean;
}

/**
 * Returns the role of a span: the role of its messaging operation if this operation is known, or
 * else the role for its span kind. A CONSUMER span without an operation gets the role `process`,
 * because most instrumentations before semantic conventions 1.17 used it for running a handler.
 */
export function roleOf(told: Told): Role {
  const role = ownRoleOf(told);
  if (told.isUpkeep && (told.kind === KIND.producer || told.kind === KIND.consumer))
    return role === 'send' ? 'client' : 'internal';
  if (role === 'send' && isTransmission(told)) return 'client';
  // A poll that got no message is a call to the broker. Nobody sent anything.
  if (role === 'receive' && told.isEmpty && told.links === 0) return 'client';
  // A settlement without a parent, such as the acknowledgement of a whole batch, belongs to no
  // handler. It is an ordinary call to the broker.
  return role === 'settle' && told.isRoot ? 'client' : role;
}

function ownRoleOf(told: Told): Role {
  const { kind, system, operation, operationName } = told;
  if (kind === KIND.client && system !== '' && SETTLES.has(lastWordOf(told.name).toLowerCase()))
    return 'settle';
  const named =
    OPERATIONS.get(operation.toLowerCase()) ?? OPERATIONS.get(operationName.toLowerCase());
  if (named !== undefined && (system !== '' || kind === KIND.producer || kind === KIND.consumer)) {
    // Some agents report the consumer's operation on the producer's span.
    const takes = named === 'receive' || named === 'process';
    return kind === KIND.producer && takes ? 'send' : named;
  }
  switch (kind) {
    case KIND.producer:
      return 'send';
    case KIND.consumer:
      return isNamedReceive(told) ? 'receive' : 'process';
    case KIND.server:
      return isPushed(told) ? 'process' : 'server';
    case KIND.client:
      return isPublishing(told) ? 'send' : 'client';
    default:
      return 'internal';
  }
}

/**
 * Returns whether the name of a span without an operation is that of receiving a message. A name
 * that ends in the operation does not count, because some agents name handlers so.
 */
const isNamedReceive = ({ name, destination }: Told): boolean => {
  const word = name.split(' ', 1)[0]!;
  return (
    OPERATIONS.get(word.toLowerCase()) === 'receive' &&
    (name === word || (destination !== '' && name === `${word} ${destination}`))
  );
};

/**
 * Returns whether the server span is a delivery: a broker or a sidecar called the server to deliver
 * a message.
 */
const isPushed = ({ trigger, system, destination, isCall }: Told): boolean =>
  trigger === 'pubsub' || (system !== '' && destination !== '' && !isCall);

/** Returns whether the client span is a send: the client called a sidecar to publish a message. */
const isPublishing = ({ system, destination, daprApi, name }: Told): boolean =>
  system !== '' &&
  destination !== '' &&
  PUBLISHES.test(daprApi || (name.startsWith('/') ? name : ''));
const PUBLISHES = /\/(?:bulk)?publish(?:event|\/|$)/i;

/**
 * Returns whether a sending span only transmits messages that other spans created. Such a span has
 * links to the spans of its messages. A PRODUCER span may have links for other reasons, so it must
 * also report a number of messages.
 */
const isTransmission = ({ kind, links, batchCount, isRoot }: Told): boolean =>
  links > 0 && (kind === KIND.client || (kind === KIND.producer && isRoot && batchCount > 0));
