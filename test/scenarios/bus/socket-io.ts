import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type * as Sockets from 'socket.io';
import type * as Clients from 'socket.io-client';
import { context, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import { traceSocket } from '@fermata/instrumentation/adapters/socket-io';
import { scenarioNamed } from '../index.ts';
import { listenAs, portOf } from '../ports.ts';
import { DEAD, type Bus, type Delivered } from './bus.ts';

/**
 * Implements the scenarios' broker interface without a broker: each subscriber is a socket.io
 * server, and each publisher connects to all of them.
 */
const require = createRequire(import.meta.url);
const MAX_DELIVERIES = 3;
const REDELIVERY_MS = 30;
/** Returns the name under which a service publishes the port of its socket.io server. */
const socketOf = (service: string): string => `${service}/socket`;

export function connectSockets(scenario: string): Bus {
  const { Server } = require('socket.io') as typeof Sockets;
  const { io } = require('socket.io-client') as typeof Clients;
  const listeners = (topic: string): string[] =>
    scenarioNamed(scenario)
      .services.filter((service) => service.on?.some((one) => one.topic === topic))
      .map((service) => service.name);
  const peers = new Map<string, Promise<Clients.Socket>>();
  const connect = async (service: string): Promise<Clients.Socket> => {
    const url = `http://127.0.0.1:${await portOf(socketOf(service))}`;
    const socket = traceSocket(io(url, { transports: ['websocket'], reconnectionDelay: 50 }));
    // Waiting for this answer ensures that both ends have greeted each other, which allows them to
    // send context. The call belongs to no flow.
    await context.with(ROOT_CONTEXT, () => socket.emitWithAck('ready'));
    return socket;
  };
  const peer = (service: string): Promise<Clients.Socket> => {
    const known = peers.get(service) ?? connect(service);
    peers.set(service, known);
    return known;
  };
  const deliver = async (
    socket: Clients.Socket,
    topic: string,
    delivered: Delivered,
  ): Promise<void> => {
    for (let delivery = 1; delivery <= MAX_DELIVERIES; delivery++) {
      if ((await socket.emitWithAck(topic, delivered)) === 'taken') return;
      await new Promise((resolve) => setTimeout(resolve, REDELIVERY_MS));
    }
    if (topic !== DEAD)
      for (const service of listeners(DEAD)) await deliver(await peer(service), DEAD, delivered);
  };

  const handlers = new Map<string, (delivered: Delivered) => Promise<void>>();
  let server: Sockets.Server | undefined;
  const serve = async (service: string): Promise<void> => {
    const http = createServer();
    server = new Server(http);
    const topics = scenarioNamed(scenario).services.flatMap(
      (one) => one.on?.map(({ topic }) => topic) ?? [],
    );
    server.on('connection', (socket) => {
      traceSocket(socket);
      socket.on('ready', (answer: () => void) => answer());
      for (const topic of new Set([...topics, DEAD]))
        socket.on(topic, async (delivered: Delivered, answer: (said: string) => void) => {
          try {
            await handlers.get(topic)?.(delivered);
            answer('taken');
          } catch (error) {
            // An error of a listener would reach no caller, so it is recorded in the listener's
            // span.
            trace
              .getActiveSpan()
              ?.setStatus({ code: SpanStatusCode.ERROR, message: String(error) });
            answer('failed');
          }
        });
    });
    await listenAs(http, socketOf(service), { moves: false });
  };
  return {
    async publish(_kind, _type, topic, body, itinerary = []) {
      for (const service of listeners(topic))
        void deliver(await peer(service), topic, { body, itinerary });
    },
    async subscribe(topic, group, handler) {
      handlers.set(topic, handler);
      if (server === undefined) await serve(group);
    },
    async close() {
      for (const connected of peers.values()) (await connected).close();
      await server?.close();
    },
  };
}
