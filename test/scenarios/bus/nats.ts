import { createRequire } from 'node:module';
import type * as Jetstream from '@nats-io/jetstream';
import type * as Transport from '@nats-io/transport-node';
import { handleNats } from '@fermata/instrumentation/adapters/nats';
import type { Bus } from './bus.ts';
import { headersOf, slipOf } from './headers.ts';

/**
 * Implements the scenarios' broker interface with NATS JetStream, by one stream per scenario and
 * one durable consumer per group and topic.
 */
const require = createRequire(import.meta.url);
const MAX_DELIVERIES = 3;

export async function connectNats(url: string, scenario: string): Promise<Bus> {
  const { connect, headers } = require('@nats-io/transport-node') as typeof Transport;
  const { AckPolicy, jetstream, jetstreamManager, RetentionPolicy } =
    require('@nats-io/jetstream') as typeof Jetstream;
  const connection = await connect({ servers: url.replace('nats://', '') });
  const stream = `fermata-${scenario}`;
  const manager = await jetstreamManager(connection);
  await manager.streams
    .add({
      name: stream,
      subjects: [`${stream}.>`],
      retention: RetentionPolicy.Interest,
      storage: 'memory',
    })
    .catch(() => undefined);
  const js = jetstream(connection);
  return {
    async publish(kind, _type, topic, body, itinerary) {
      const carried = headers();
      for (const [name, value] of Object.entries(headersOf(kind, itinerary)))
        carried.set(name, value);
      await js.publish(`${stream}.${topic}`, JSON.stringify(body), { headers: carried });
    },
    async subscribe(topic, group, handler) {
      const name = `${group}-${topic.replaceAll('.', '-')}`;
      await manager.consumers.add(stream, {
        durable_name: name,
        filter_subject: `${stream}.${topic}`,
        ack_policy: AckPolicy.Explicit,
        inactive_threshold: 600_000_000_000,
      });
      const consumer = await js.consumers.get(stream, name);
      await consumer.consume({
        callback: (msg) => {
          const slip = slipOf(
            Object.fromEntries([...(msg.headers ?? [])].map(([key, [value]]) => [key, value])),
          );
          handleNats(msg, () => handler({ body: msg.json(), itinerary: slip }), { group }).then(
            () => msg.ack(),
            () => (msg.info.deliveryCount >= MAX_DELIVERIES ? msg.term() : msg.nak(30)),
          );
        },
      });
    },
    close: () => connection.close(),
  };
}
