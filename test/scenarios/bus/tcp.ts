import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { handleMessage, publishEvent, reply, sendCommand } from '@fermata/instrumentation';
import { DEAD, type Bus, type Delivered } from './bus.ts';

const SEND = { event: publishEvent, command: sendCommand, reply };

interface Delivery {
  id: number;
  topic: string;
  group: string;
  type: string;
  deliveries: number;
  body: object;
  headers: Record<string, unknown>;
  deadLetteredFrom?: string;
}

/**
 * Implements the scenarios' broker interface with tcp-server.ts. It is instrumented by hand with
 * `publishEvent` and `handleMessage`, as any home-made transport would be.
 */
export async function connectTcp(url: string): Promise<Bus> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true);
  await once(socket, 'connect');
  const handlers = new Map<string, (delivered: Delivered) => Promise<void>>();
  const write = (frame: object): void => void socket.write(`${JSON.stringify(frame)}\n`);

  createInterface({ input: socket }).on('line', (line) => {
    const delivery = JSON.parse(line) as Delivery;
    const { id, group, deadLetteredFrom } = delivery;
    const topic = deadLetteredFrom === undefined ? delivery.topic : DEAD;
    const known = handlers.get(`${topic} ${group}`);
    if (!known) return;
    handleMessage(
      {
        system: 'bus',
        destination: topic,
        group,
        headers: delivery.headers,
        type: delivery.type,
        attempt: delivery.deliveries,
        ...(deadLetteredFrom !== undefined && { deadLetteredFrom }),
      },
      ({ itinerary = [] }) => known({ body: delivery.body, itinerary: [...itinerary] }),
    ).then(
      () => write({ op: 'ack', topic, group, id }),
      () => write({ op: 'nack', topic, group, id }),
    );
  });
  return {
    publish(kind, type, topic, body, itinerary) {
      const message = { type, destination: topic, system: 'bus', ...(itinerary && { itinerary }) };
      SEND[kind](message, (headers) => write({ op: 'publish', topic, type, body, headers }));
    },
    subscribe(topic, group, handler) {
      handlers.set(`${topic} ${group}`, handler);
      write({ op: 'subscribe', topic, group });
      return Promise.resolve();
    },
    close() {
      socket.destroy();
      return Promise.resolve();
    },
  };
}
