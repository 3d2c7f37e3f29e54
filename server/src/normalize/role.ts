import type { Role } from '../model/span.ts';
import { lastWordOf } from './settlement.ts';

/** Numbers of the span kinds in OTLP (SpanKind). */
export const KIND = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;

/**
 * Maps the words for operations, of all versions of the conventions and of all clients, to roles.
 */
const OPERATIONS: ReadonlyMap<string, Role> = new Map<string, Role>(
  Object.entries({
    create: 'create',
    send: 'send',
    publish: 'send',
    receive: 'receive',
    poll: 'receive',
    process: 'process',
    deliver: 'process',
    consume: 'process',
    settle: 'settle',
    ack: 'settle',
    nack: 'settle',
    commit: 'settle',
  }),
);
/**
 * Lists the last words of names of CLIENT spans that settle a message. Some agents report another
 * operation for them, and some report none.
 */
const SETTLES: ReadonlySet<string> = new Set([
  ...['ack', 'nack', 'modack', 'reject', 'settle', 'commit'],
  ...['complete', 'abandon', 'deadletter', 'defer', 'renewlock'],
]);

/** Holds what a span says about its part in messaging. */
export interface Told {
  kind: number;
  name: string;
  system: string;
  operation: string;
  operationName: string;
  /** Is true if the span names the destination of a message. */
  hasDestination: boolean;
  /** Is true if the span describes an HTTP request or a remote procedure call. */
  isCall: boolean;
  trigger: string;
  /** Holds the path by which Dapr was called, or ''. */
  daprApi: string;
  /** Counts the links of the span. */
  links: number;
  /** Counts the messages of the operation; 0 if the span does not say. */
  batchCount: number;
  isRoot: boolean;
  /** Is true if the message is one by which the nodes of a framework find each other. */
  isUpkeep: boolean;
}

/**
 * Returns the role of a span: that of its messaging operation if the span names a known one, else
 * the role that follows from its kind. A CONSUMER span without an operation gets the role
 * `process`, because most instrumentations before 1.17 used it for running a handler.
 */
export function roleOf(told: Told): Role {
  const role = ownRoleOf(told);
  if (told.isUpkeep && (told.kind === KIND.producer || told.kind === KIND.consumer))
    return role === 'send' ? 'client' : 'internal';
  if (role === 'send' && isTransmission(told)) return 'client';
  // A settlement outside the handling of its message, such as the acknowledgement of a whole
  // batch, is a call to the broker like any other.
  return role === 'settle' && told.isRoot ? 'client' : role;
}

function ownRoleOf(told: Told): Role {
  const { kind, system, operation, operationName } = told;
  if (kind === KIND.client && system !== '' && SETTLES.has(lastWordOf(told.name).toLowerCase()))
    return 'settle';
  const named =
    OPERATIONS.get(operation.toLowerCase()) ?? OPERATIONS.get(operationName.toLowerCase());
  if (named !== undefined && (system !== '' || kind === KIND.producer || kind === KIND.consumer)) {
    // Some agents report the operation of a consumer on the span of a producer.
    const takes = named === 'receive' || named === 'process';
    return kind === KIND.producer && takes ? 'send' : named;
  }
  switch (kind) {
    case KIND.producer:
      return 'send';
    case KIND.consumer:
      return 'process';
    case KIND.server:
      return isPushed(told) ? 'process' : 'server';
    case KIND.client:
      return isPublishing(told) ? 'send' : 'client';
    default:
      return 'internal';
  }
}

/** Returns whether a broker or a sidecar called the server in order to deliver a message. */
const isPushed = ({ trigger, system, hasDestination, isCall }: Told): boolean =>
  trigger === 'pubsub' || (system !== '' && hasDestination && !isCall);

/** Returns whether the client called a sidecar in order to publish a message. */
const isPublishing = ({ system, hasDestination, daprApi, name }: Told): boolean =>
  system !== '' && hasDestination && PUBLISHES.test(daprApi || (name.startsWith('/') ? name : ''));
const PUBLISHES = /\/(?:bulk)?publish(?:event|\/|$)/i;

/**
 * Returns whether a sending span only transmits messages that other spans created. Such a span
 * links to the spans of its messages. On the span of a producer a link may mean anything, so that
 * the number of messages has to be given, too.
 */
const isTransmission = ({ kind, links, batchCount, isRoot }: Told): boolean =>
  links > 0 && (kind === KIND.client || (kind === KIND.producer && isRoot && batchCount > 0));
