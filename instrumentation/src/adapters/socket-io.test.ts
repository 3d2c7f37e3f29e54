import { once, type EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SpanKind } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { Server, Socket } from 'socket.io';
import { io } from 'socket.io-client';
import { describe, expect, test } from 'vitest';
import { currentFlow, publishEvent, withFlow } from '../index.ts';
import { flowIdOf, recordTelemetry, until } from '../testing/telemetry.ts';
import { instrumentSocketIo, traceSocket } from './socket-io.ts';

const { spans, spansOf, joined } = recordTelemetry();

describe('socket.io', () => {
  const serve = async (tracesServer: boolean) => {
    const http = createServer();
    const server = new Server(http);
    const received: unknown[][] = [];
    server.on('connection', (socket) => {
      if (tracesServer) traceSocket(socket);
      socket.on('order', (...args: unknown[]) => {
        const done = args.find((arg) => typeof arg === 'function') as
          ((x: string) => void) | undefined;
        received.push([currentFlow()?.id, ...args.filter((arg) => typeof arg !== 'function')]);
        done?.('taken');
      });
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const client = traceSocket(
      io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, { transports: ['websocket'] }),
    );
    await once(client as unknown as EventEmitter, 'connect');
    return {
      client,
      received,
      stop: async () => {
        client.close();
        await server.close();
      },
    };
  };
  test('both ends: the handler is in the flow, the arguments and the acknowledgement are its own', async () => {
    const { client, received, stop } = await serve(true);
    // Once this event is answered, both ends have received the greeting that allows them to send
    // context.
    await client.emitWithAck('order', 0);
    const answer = await withFlow({ id: 's' }, () =>
      client.timeout(5000).emitWithAck('order', { id: 1 }, 'two'),
    );
    expect(answer).toBe('taken');
    expect(received[1]).toEqual(['s', { id: 1 }, 'two']);
    const [, [sent, handled]] = joined() as [unknown, [ReadableSpan, ReadableSpan]];
    expect([flowIdOf(sent), flowIdOf(handled)]).toEqual(['s', 's']);
    await stop();
  });
  test('a listener consumes for as long as it takes, and until it is removed', async () => {
    const http = createServer();
    const server = new Server(http);
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    server.on('connection', (socket) => {
      traceSocket(socket);
      const never = (): void => expect.unreachable();
      socket.on('order', never).off('order', never);
      socket.once('order', never).removeListener('order', never);
      socket.onAny(never).offAny(never);
      socket.once('order', async (done: () => void) => {
        done();
        await finished;
      });
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const client = traceSocket(io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`));
    await client.emitWithAck('order');
    expect(spansOf('process')).toHaveLength(0);
    finish();
    await until(() => spansOf('process').length === 1);
    client.close();
    await server.close();
  });
  test('two listeners and one of any event are consumers of their own', async () => {
    const http = createServer();
    const server = new Server(http);
    server.on('connection', (socket) => {
      traceSocket(socket);
      socket.on('order', () => undefined);
      socket.on('order', () => undefined);
      socket.onAny(() => undefined);
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const client = traceSocket(io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`));
    await once(client as unknown as EventEmitter, 'connect');
    client.emit('order');
    await until(() => spansOf('process').length === 3);
    expect(
      spansOf('process').map((span) => span.attributes['messaging.consumer.group.name']),
    ).toEqual(['any', undefined, 'listener-2']);
    client.close();
    await server.close();
  });
  test('a client’s listeners are removed as without us, and it greets again when it reconnects', async () => {
    const http = createServer();
    const server = new Server(http);
    const seen: (string | undefined)[] = [];
    server.on('connection', (socket) => {
      traceSocket(socket);
      socket.on('ask', (done: () => void) => {
        done();
        withFlow({ id: 'answer' }, () => socket.emit('answer'));
      });
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const client = traceSocket(io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`));
    const never = (): void => expect.unreachable();
    for (const remove of [
      () => client.off('answer'),
      () => client.off('answer', never),
      () => client.removeListener('answer', never),
    ]) {
      client.once('answer', never);
      remove();
    }
    client.on('answer', never).on('answer', never).off('answer');
    client.on('answer', never).off();
    client.on('answer', () => seen.push(currentFlow()?.id));
    const ask = async (): Promise<void> => {
      const before = seen.length;
      await client.emitWithAck('ask');
      await until(() => seen.length > before);
    };
    await ask();
    await ask();
    client.disconnect().connect();
    await ask();
    await ask();
    expect([seen[1], seen[3]]).toEqual(['answer', 'answer']);
    client.close();
    await server.close();
  });
  test('a server without the adapter sees exactly what was emitted', async () => {
    const { client, received, stop } = await serve(false);
    await withFlow({ id: 's' }, () => client.emitWithAck('order', { id: 1 }));
    expect(received).toEqual([[undefined, { id: 1 }]]);
    await stop();
  });
});

describe('without code', () => {
  instrumentSocketIo({ Socket });
  /**
   * Starts a server and a client without tracing, and returns the names of the events that the
   * client got after it sent `events`.
   */
  const run = async (onSocket: (socket: Socket) => void, events: string[]): Promise<string[]> => {
    const http = createServer();
    const server = new Server(http);
    server.on('connection', (socket) => {
      onSocket(socket);
      socket.on('end', () => socket.emit('ended'));
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const { port } = http.address() as AddressInfo;
    const client = io(`http://127.0.0.1:${port}`, { transports: ['websocket'] });
    const got: string[] = [];
    client.onAny((event: string) => got.push(event));
    await once(client as unknown as EventEmitter, 'connect');
    for (const event of [...events, 'end']) client.emit(event);
    await until(() => got.includes('ended'));
    client.close();
    await server.close();
    return got;
  };
  const publish = (type: string): unknown =>
    publishEvent({ type, destination: type, system: 's' }, () => undefined);

  test('what a listener sends belongs together, and the peer sees nothing of it', async () => {
    const heard: string[] = [];
    const removed = (): void => void heard.push('removed');
    const got = await run(
      (socket) => {
        socket.on('order', () => ['placed', 'logged'].map(publish));
        socket.on('order', removed);
        socket.off('order', removed);
        socket.once('order', () => void heard.push('once'));
      },
      ['order', 'order'],
    );
    expect(got).toEqual(['ended']);
    expect(heard).toEqual(['once']);
    const handlings = spans().filter(({ name }) => name === 'socket.io order');
    const parents = spansOf('send').map((span) => span.parentSpanContext!.spanId);
    expect(parents).toHaveLength(4);
    expect(new Set(parents).size).toBe(2);
    const ids = handlings.map((span) => span.spanContext().spanId);
    expect(ids).toEqual(expect.arrayContaining(parents));
    expect(new Set(handlings.map((span) => span.spanContext().traceId)).size).toBe(3);
    expect(handlings.every(({ kind }) => kind === SpanKind.INTERNAL)).toBe(true);
  });

  test('traceSocket replaces it, before and after', async () => {
    const heard: string[] = [];
    const removed = (): void => void heard.push('removed');
    const late = (socket: Socket): void => {
      socket.on('early', () => publish('early'));
      traceSocket(socket);
      socket.on('order', () => publish('placed'));
      socket.on('order', removed);
      socket.off('order', removed);
    };
    expect(await run(late, ['early', 'order'])).toEqual(['fermata:hello', 'ended']);
    expect(heard).toEqual([]);
    expect(spans().filter(({ name }) => name.startsWith('socket.io'))).toEqual([]);
    expect(spansOf('process').map(({ name }) => name)).toContain('process order');
  });
});
