import { createRequire } from 'node:module';
import type * as Mqtt from 'mqtt';
import type { Bus } from './bus.ts';
import { headersOf, slipOf } from './headers.ts';

/**
 * Implements the scenarios' broker interface with MQTT 5. Each group is a shared subscription. A
 * failed message is retried here, because the broker does not redeliver it.
 */
const require = createRequire(import.meta.url);
const MAX_DELIVERIES = 3;

export async function connectMqtt(url: string, scenario: string): Promise<Bus> {
  const { connectAsync } = require('mqtt') as typeof Mqtt;
  const connect = (): Promise<Mqtt.MqttClient> => connectAsync(url, { protocolVersion: 5 });
  const publisher = await connect();
  const subscribers: Mqtt.MqttClient[] = [];
  const nameOf = (topic: string): string => `fermata/${scenario}/${topic}`;
  return {
    async publish(kind, _type, topic, body, itinerary) {
      const userProperties = headersOf(kind, itinerary);
      await new Promise<void>((resolve, reject) => {
        publisher.publish(
          nameOf(topic),
          JSON.stringify(body),
          { qos: 1, properties: { userProperties } },
          (error) => (error ? reject(error) : resolve()),
        );
      });
    },
    async subscribe(topic, group, handler) {
      // Each subscription has its own connection, because a message does not tell to which
      // subscription it belongs.
      const subscriber = await connect();
      subscribers.push(subscriber);
      subscriber.on('message', (_topic, payload, packet) => {
        const delivered = {
          body: JSON.parse(payload.toString()) as object,
          itinerary: slipOf(packet.properties?.userProperties),
        };
        const attempt = (left: number): Promise<void> =>
          handler(delivered).catch(() => (left > 1 ? attempt(left - 1) : undefined));
        void attempt(MAX_DELIVERIES);
      });
      await subscriber.subscribeAsync(`$share/${group}/${nameOf(topic)}`, { qos: 1 });
    },
    async close() {
      for (const client of [publisher, ...subscribers]) await client.endAsync(true);
    },
  };
}
