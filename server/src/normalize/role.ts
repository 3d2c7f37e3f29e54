import type { Role } from '../model/span.ts';

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
 * Returns the role of a span: that of its messaging operation if the span names a known one, else
 * the role that follows from its kind. A CONSUMER span without an operation gets the role
 * `process`, because most instrumentations before 1.17 used it for running a handler.
 */
export function roleOf(
  kind: number,
  system: string,
  operation: string,
  operationName: string,
  trigger: string,
): Role {
  const named =
    OPERATIONS.get(operation.toLowerCase()) ?? OPERATIONS.get(operationName.toLowerCase());
  if (named !== undefined && (system !== '' || kind === KIND.producer || kind === KIND.consumer))
    return named;
  switch (kind) {
    case KIND.producer:
      return 'send';
    case KIND.consumer:
      return 'process';
    case KIND.server:
      return trigger === 'pubsub' ? 'process' : 'server';
    case KIND.client:
      return 'client';
    default:
      return 'internal';
  }
}
