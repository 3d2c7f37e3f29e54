import type { Role } from '../model/span.ts';

/** Numbers the kinds of OTLP's SpanKind. */
export const KIND = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;

/** Maps operation words of every era and client to roles. */
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
 * Returns the role of a span: the messaging operation where one is named, else the kind. A CONSUMER
 * span without an operation runs a handler (`process`), which is what most pre-1.17
 * instrumentations mean by it.
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
