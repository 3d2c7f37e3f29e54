import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { DEAD } from './bus.ts';

/**
 * The scenarios' own broker, which speaks JSON lines over TCP. A message goes to one member of each
 * group that subscribes to its topic. A rejected message is redelivered after a pause, and after
 * three deliveries becomes a dead letter. Queues without a reader keep their messages.
 */
interface Message {
  id: number;
  topic: string;
  deliveries: number;
  type: string;
  body: unknown;
  headers: unknown;
  deadLetteredFrom?: string;
}
interface Queue {
  topic: string;
  members: Socket[];
  waiting: Message[];
  unacked: Map<number, { message: Message; member: Socket }>;
  turn: number;
}
type Frame =
  | { op: 'declare' | 'subscribe'; topic: string; group: string }
  | { op: 'publish'; topic: string; type: string; body: unknown; headers: unknown }
  | { op: 'ack' | 'nack'; topic: string; group: string; id: number };

const MAX_DELIVERIES = 3;
/** Pause before the second delivery, ms; it doubles before each further one. */
const BACKOFF_MS = 30;

export async function startBus(
  port = 0,
  backoffMs = BACKOFF_MS,
): Promise<{ url: string; stop(): Promise<void> }> {
  const queues = new Map<string, Queue>();
  const sockets = new Set<Socket>();
  let nextId = 1;

  const queueOf = (topic: string, group: string): Queue => {
    const key = `${topic} ${group}`;
    let queue = queues.get(key);
    if (!queue)
      queues.set(key, (queue = { topic, members: [], waiting: [], unacked: new Map(), turn: 0 }));
    return queue;
  };
  const pump = (queue: Queue, group: string): void => {
    while (queue.waiting.length > 0 && queue.members.length > 0) {
      const message = queue.waiting.shift()!;
      const member = queue.members[queue.turn++ % queue.members.length]!;
      message.deliveries++;
      queue.unacked.set(message.id, { message, member });
      member.write(`${JSON.stringify({ ...message, group })}\n`);
    }
  };
  const addTombstone = (message: Message): void => {
    for (const [key, queue] of queues) {
      if (queue.topic !== DEAD) continue;
      queue.waiting.push({
        ...message,
        id: nextId++,
        deliveries: 0,
        deadLetteredFrom: message.topic,
      });
      pump(queue, key.slice(DEAD.length + 1));
    }
  };
  const take = (socket: Socket, frame: Frame): void => {
    switch (frame.op) {
      case 'declare':
        queueOf(frame.topic, frame.group);
        break;
      case 'subscribe': {
        const queue = queueOf(frame.topic, frame.group);
        queue.members.push(socket);
        pump(queue, frame.group);
        break;
      }
      case 'publish':
        for (const [key, queue] of queues) {
          if (queue.topic !== frame.topic) continue;
          const { topic, type, body, headers } = frame;
          queue.waiting.push({ id: nextId++, topic, deliveries: 0, type, body, headers });
          pump(queue, key.slice(topic.length + 1));
        }
        break;
      case 'ack':
      case 'nack': {
        const queue = queueOf(frame.topic, frame.group);
        const held = queue.unacked.get(frame.id);
        queue.unacked.delete(frame.id);
        if (!held || frame.op === 'ack') break;
        if (held.message.deliveries >= MAX_DELIVERIES) addTombstone(held.message);
        else
          setTimeout(
            () => {
              queue.waiting.push(held.message);
              pump(queue, frame.group);
            },
            backoffMs * 2 ** (held.message.deliveries - 1),
          );
        break;
      }
    }
  };
  const leave = (socket: Socket): void => {
    sockets.delete(socket);
    for (const [key, queue] of queues) {
      queue.members = queue.members.filter((member) => member !== socket);
      for (const [id, held] of queue.unacked) {
        if (held.member !== socket) continue;
        queue.unacked.delete(id);
        queue.waiting.unshift(held.message);
      }
      pump(queue, key.slice(queue.topic.length + 1));
    }
  };
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    // Errors are handled here, because a killed member resets its connection and `createInterface`
    // emits the socket's errors again.
    createInterface({ input: socket })
      .on('line', (line) => take(socket, JSON.parse(line) as Frame))
      .on('error', () => undefined);
    socket.on('close', () => leave(socket));
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `bus://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
