/**
 * This table lists the broker clients and the frameworks on top of them that a service may have
 * installed: which versions are traced, and how. `register` and `fermata-doctor` read it.
 */
export interface ClientPackage {
  name: string;
  /** Oldest version that is traced, such as `4` or `0.14`. */
  from: string;
  /** Newest version that was tested. Newer versions are traced too, but reported as untested. */
  to?: string;
  /**
   * How the client is traced. `register`: without a change of code. `by hand`: by a call in the
   * service. `not`: there is no adapter.
   */
  how: 'register' | 'by hand' | 'not';
  /** Advice for the user: which function to call, or what to know about the client. */
  hint?: string;
}

const BY_HAND = 'publishEvent and handleMessage around what sends and handles';

export const CLIENT_PACKAGES: readonly ClientPackage[] = [
  { name: 'amqplib', from: '0.8', how: 'register' },
  { name: 'kafkajs', from: '2', to: '2', how: 'register' },
  { name: '@platformatic/kafka', from: '1', to: '1', how: 'register' },
  {
    ...{ name: '@confluentinc/kafka-javascript', from: '1', to: '1', how: 'register' },
    hint: 'its KafkaJS interface; around the other one, publishEvent and handleMessage',
  },
  { name: 'nats', from: '2', to: '2', how: 'register' },
  { name: '@nats-io/transport-node', from: '3', to: '3', how: 'register' },
  { name: '@nats-io/jetstream', from: '3', to: '3', how: 'register' },
  { name: 'ioredis', from: '4', to: '6', how: 'register' },
  { name: 'redis', from: '4', to: '6', how: 'register' },
  { name: 'bullmq', from: '4', to: '6', how: 'register' },
  {
    ...{ name: 'mqtt', from: '4', to: '5', how: 'register' },
    hint: 'The default, MQTT 3.1.1, carries no context: protocolVersion: 5, or traceMqtt(client, { envelope: true })',
  },
  { name: '@aws-sdk/client-sqs', from: '3', to: '3', how: 'register' },
  { name: '@aws-sdk/client-sns', from: '3', to: '3', how: 'register' },
  { name: '@google-cloud/pubsub', from: '4', to: '5', how: 'register' },
  { name: '@azure/service-bus', from: '7', to: '7', how: 'register' },
  { name: 'pg-boss', from: '10', to: '12', how: 'register' },
  {
    ...{ name: 'socket.io', from: '4', to: '4', how: 'register' },
    hint: 'what listeners of the server send; for context across it, traceSocket(socket) on both ends',
  },
  { name: 'amqp-connection-manager', from: '4', to: '5', how: 'register' },
  { name: 'rascal', from: '17', to: '21', how: 'register' },
  { name: '@golevelup/nestjs-rabbitmq', from: '5', to: '9', how: 'register' },
  { name: '@nestjs/microservices', from: '9', to: '12', how: 'register' },
  { name: 'moleculer', from: '0.14', to: '0.15', how: 'register' },
  { name: 'node-rdkafka', from: '0', how: 'not', hint: BY_HAND },
  { name: 'bull', from: '0', how: 'not', hint: BY_HAND },
  { name: 'rhea', from: '0', how: 'not', hint: BY_HAND },
  { name: '@azure/event-hubs', from: '0', how: 'not', hint: BY_HAND },
];

/** How an installed version compares with the versions in the table. */
export type Standing = 'tested' | 'untested' | 'too old';
export function standingOf({ from, to }: ClientPackage, version: string): Standing {
  if (compare(version, from) < 0) return 'too old';
  return to === undefined || compare(version, to) <= 0 ? 'tested' : 'untested';
}

/** Returns a remark for the user if a version is untested or too old; undefined if it is tested. */
export function remarkOn(client: ClientPackage, version: string): string | undefined {
  const standing = standingOf(client, version);
  if (standing === 'tested') return undefined;
  return standing === 'untested'
    ? `untested: ${rangeOf(client)} tested`
    : `too old: ${rangeOf(client)} traced`;
}

const rangeOf = ({ from, to }: ClientPackage): string =>
  to === undefined
    ? `versions from ${from} on are`
    : from === to
      ? `version ${from} is`
      : `versions ${from} to ${to} are`;

/**
 * Compares a version with a limit, but only as many parts as the limit has: 6.3.1 counts as equal
 * to 6.
 */
function compare(version: string, limit: string): number {
  const numbers = version.split('.');
  for (const [at, part] of limit.split('.').entries()) {
    const difference = Number.parseInt(numbers[at] ?? '0', 10) - Number(part);
    if (difference !== 0) return difference;
  }
  return 0;
}
