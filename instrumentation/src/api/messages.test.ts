import { EventEmitter } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { context, SpanStatusCode, trace, type Span } from '@opentelemetry/api';
import { logs, NodeSDK } from '@opentelemetry/sdk-node';
import { InMemorySpanExporter, SimpleSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { traceEmitter } from '../adapters/event-emitter.ts';
import { flowFetch } from '../adapters/express.ts';
import {
  compensate,
  completeFlow,
  currentFlow,
  defineFlow,
  extractHeaders,
  failFlow,
  FlowSpanProcessor,
  handleMessage,
  injectHeaders,
  preciseNow,
  publishEvent,
  sendCommand,
  startFlow,
  step,
  withFlow,
  type Flow,
} from '../index.ts';

/** JavaScript has no types: what it can be called with. */
const message = { type: 'T', destination: 'd', system: 's' };
const trap = new Proxy(
  {},
  {
    ownKeys: () => {
      throw new Error('a trap');
    },
  },
);
const WRONG = [
  ['no flow', (run) => startFlow(undefined as never, run)],
  ['null for a flow', (run) => withFlow(null as never, run)],
  ['null for keys', (run) => startFlow({ id: '1', keys: null as never }, run)],
  ['no message', (run) => publishEvent(undefined as never, run)],
  ['a text for an itinerary', (run) => publishEvent({ ...message, itinerary: 'a,b' as never }, run)],
  ['headers that cannot be read', (run) => publishEvent({ ...message, headers: trap }, run)],
  ['no message to handle', (run) => handleMessage(undefined as never, run)],
  ['null for options', (run) => step('s', run, null as never)],
  ['null for those of a compensation', (run) => compensate('s', run, null as never)],
  [
    'a definition that refers to itself',
    (run) => {
      const definition = { steps: [] };
      defineFlow('t', Object.assign(definition, { definition }));
      return run();
    },
  ],
] as [string, (run: () => string) => string][];

describe('without an SDK', () => {
  test('the wrapped code runs, its result and its error pass through', () => {
    expect(publishEvent({ type: 'T', destination: 'd', system: 's' }, (headers) => typeof headers)).toBe(
      'object',
    );
    expect(() =>
      step('s', () => {
        throw new Error('mine');
      }),
    ).toThrow('mine');
    expect(startFlow({ id: '1' }, () => currentFlow())).toBeUndefined();
    failFlow();
  });

  test.each(WRONG)('%s: what is wrapped runs all the same', (_, call) =>
    expect(call(() => 'ran')).toBe('ran'),
  );

  test('a message stays as it was', () => {
    const headers = { tenant: 't1', 'fermata-itinerary': 'a,b' };
    publishEvent({ type: 'T', destination: 'd', system: 's', headers }, (given) =>
      expect(given).toEqual(headers),
    );
    publishEvent({ type: 'T', destination: 'd', system: 's' }, (given) => expect(given).toEqual({}));
  });
});

describe('with an SDK', () => {
  const exporter = new InMemorySpanExporter();
  const milestones = new logs.InMemoryLogRecordExporter();
  const sdk = new NodeSDK({
    spanProcessors: [new FlowSpanProcessor(), new SimpleSpanProcessor({ exporter })],
    logRecordProcessors: [new logs.SimpleLogRecordProcessor({ exporter: milestones })],
    metricReaders: [],
    // Detection is asynchronous and would hold back the first exports.
    autoDetectResources: false,
  });
  let started = false;
  beforeEach(() => {
    if (!started) sdk.start();
    started = true;
    exporter.reset();
    milestones.reset();
  });
  afterAll(() => sdk.shutdown());
  const spans = (): ReadableSpan[] => exporter.getFinishedSpans();

  test.each(WRONG)('%s: what is wrapped runs all the same', (_, call) =>
    expect(call(() => 'ran')).toBe('ran'),
  );

  test('a flow’s id that is a number is its text, wherever it goes; one without an id is none', () => {
    const carried = (flow: object): unknown =>
      startFlow(flow as Flow, () =>
        publishEvent(
          { type: 'T', destination: 'd', system: 's' },
          (headers) => headers['fermata-flow-id'] ?? 'none',
        ),
      );
    expect([carried({ id: 42 }), carried({ id: 42n, type: 7 })]).toEqual(['42', '42']);
    expect(spans().map(({ attributes }) => attributes['fermata.flow.id'])).toEqual(['42', '42']);
    for (const id of ['', undefined, null, Symbol('x'), {}]) expect(carried({ id })).toBe('none');
  });

  test('a routing slip travels, and each stop takes itself off it', () => {
    let headers: Record<string, unknown> = {};
    const itinerary = ['resize', 'watermark', 'store'];
    startFlow({ id: 'image-1' }, () =>
      publishEvent(
        { type: 'Image', destination: 'images', system: 'bus', itinerary },
        (given) => (headers = given),
      ),
    );
    handleMessage({ destination: 'images', system: 'bus', headers }, ({ itinerary: slip }) =>
      expect(slip).toEqual(itinerary),
    );
    expect(spans().map((span) => span.attributes['fermata.itinerary'])).toEqual([
      'resize,watermark,store',
      'watermark,store',
    ]);
  });

  test('a message carries its flow: the consumer’s span links to the sender’s and names the flow as the message’s', async () => {
    let headers: Record<string, unknown> = {};
    startFlow({ id: 'order-1', type: 'order', keys: { customer: 'c' } }, () =>
      publishEvent(
        { type: 'OrderCreated', destination: 'orders', system: 'kafka' },
        (given) => (headers = given),
      ),
    );
    const buffers = Object.fromEntries(
      Object.entries(headers).map(([k, v]) => [k, Buffer.from(v as string)]),
    );
    await handleMessage(
      { destination: 'orders', system: 'kafka', headers: buffers, group: 'g' },
      async () => {
        await Promise.resolve();
        expect(currentFlow()).toMatchObject({ id: 'order-1', type: 'order' });
        step('inner', () => undefined);
      },
    );
    const [send, inner, process] = spans();
    expect(process!.links[0]!.context.spanId).toBe(send!.spanContext().spanId);
    expect(process!.spanContext().traceId).not.toBe(send!.spanContext().traceId);
    expect(process!.attributes).toMatchObject({
      'fermata.flow.id': 'order-1',
      'fermata.flow.source': 'message',
      'fermata.message.type': 'OrderCreated',
      'messaging.consumer.group.name': 'g',
    });
    expect(inner!.attributes).toMatchObject({
      'fermata.flow.id': 'order-1',
      'fermata.flow.source': 'ambient',
      'fermata.step.name': 'inner',
    });
    expect(send!.attributes['messaging.message.id']).toBe(process!.attributes['messaging.message.id']);
  });

  test('headers passed on from the message being handled say nothing of the new one', () => {
    const sent: Record<string, unknown>[] = [];
    const keep = (headers: Record<string, unknown>): unknown => sent.push(headers);
    const order = { type: 'PlaceOrder', destination: 'orders', system: 'bus', itinerary: ['here', 'there'] };
    startFlow({ id: 'order-5' }, () => sendCommand({ ...order, headers: { tenant: 't1' } }, keep));
    const received = { destination: 'orders', system: 'bus', headers: sent[0]! };
    handleMessage(received, () => {
      publishEvent({ type: 'OrderPlaced', destination: 'placed', system: 'bus', headers: sent[0]! }, keep);
      const again = { type: 'PlaceOrder', id: String(sent[0]!['fermata-message-id']) };
      sendCommand({ ...again, destination: 'retry', system: 'bus', headers: sent[0]! }, keep);
    });
    const [placeOrder, orderPlaced, retry] = sent;
    expect(orderPlaced).toMatchObject({
      tenant: 't1',
      'fermata-flow-id': 'order-5',
      'fermata-message-type': 'OrderPlaced',
      'fermata-message-kind': 'event',
      'fermata-causation-id': placeOrder!['fermata-message-id'],
    });
    expect(orderPlaced).not.toHaveProperty('fermata-itinerary');
    expect(orderPlaced!['fermata-message-id']).not.toBe(placeOrder!['fermata-message-id']);
    // What the caller says of the message itself.
    expect(retry!['fermata-message-id']).toBe(placeOrder!['fermata-message-id']);
    // Written long before it is sent, by an outbox: nothing is being handled.
    sendCommand({ type: 'outbox', destination: 'orders', system: 'bus', headers: placeOrder! }, keep);
    expect(sent[3]).toMatchObject({
      'fermata-message-id': placeOrder!['fermata-message-id'],
      'fermata-message-type': 'PlaceOrder',
    });
  });

  test('a throwing handler is seen by the host as if we were not there, and by us as failed', async () => {
    const failure = new Error('boom');
    await expect(
      handleMessage({ destination: 'd', system: 's' }, () => Promise.reject(failure)),
    ).rejects.toBe(failure);
    expect(spans()[0]!.status.message).toBe('boom');
  });

  test('a rejection that nobody handles is heard of as without us, one that is handled is not heard of twice', async () => {
    const unhandled: unknown[] = [];
    const heard = (error: Error): void => void unhandled.push(error.message);
    const others = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', heard);
    const failing = async (name: string): Promise<void> => {
      await Promise.resolve();
      throw new Error(name);
    };
    void step('s', async () => failing('step'));
    void handleMessage(message, async () => failing('handler'));
    void publishEvent(message, async () => failing('send'));
    const listener: () => unknown = async () => failing('listener');
    traceEmitter(new EventEmitter()).on('e', listener).emit('e');
    await step('s', async () => failing('awaited')).catch(() => undefined);
    // Handled where it came from: whoever gets it once more need not.
    const handled = failing('handled');
    handled.catch(() => undefined);
    expect(step('s', () => handled)).toBe(handled);
    await new Promise((resolve) => setImmediate(resolve));
    process.removeListener('unhandledRejection', heard);
    for (const other of others) process.on('unhandledRejection', other);
    expect(unhandled).toEqual(['step', 'handler', 'send', 'listener']);
    expect(spans().filter(({ status }) => status.code === SpanStatusCode.ERROR)).toHaveLength(6);
  });

  test('a query that executes at each `then` executes as often as without us, and ends its span', async () => {
    class Query implements PromiseLike<string> {
      executions: (string | undefined)[] = [];
      readonly failure: Error | undefined;
      constructor(failure?: Error) {
        this.failure = failure;
      }
      then<A = string, B = never>(
        done?: ((row: string) => A | PromiseLike<A>) | null,
        failed?: ((error: unknown) => B | PromiseLike<B>) | null,
      ): Promise<A | B> {
        this.executions.push(currentFlow()?.id);
        return (this.failure ? Promise.reject(this.failure) : Promise.resolve('row')).then(done, failed);
      }
    }
    const insert = new Query();
    const headers = { 'fermata-flow-id': 'order-4' };
    const run = (query: Query): Query =>
      handleMessage({ destination: 'd', system: 's', headers }, () => step('save', () => query));
    expect(run(insert)).toBe(insert);
    expect([insert.executions, spans()]).toEqual([[], []]);
    expect(await insert).toBe('row');
    expect(insert.executions).toEqual(['order-4']);
    expect(spans().map((span) => span.name)).toEqual(['save', 'process d']);
    expect(await insert).toBe('row');
    expect([insert.executions.length, spans().length]).toEqual([2, 2]);
    const failure = new Error('duplicate key');
    await expect(Promise.resolve(run(new Query(failure)))).rejects.toBe(failure);
    expect(spans().map((span) => span.status.message)).toEqual([
      undefined,
      undefined,
      'duplicate key',
      'duplicate key',
    ]);
    const frozen = Object.freeze(new Query());
    expect(await run(frozen)).toBe('row');
    expect([frozen.executions.length, spans().length]).toEqual([1, 6]);
  });

  test('a query that nobody executes is not executed; its span ends with it, as of when it was returned', async () => {
    const then = vi.fn();
    step('forgotten', () => ({ then }));
    const returned = preciseNow();
    // Not what is still on the stack.
    await new Promise((resolve) => setImmediate(resolve));
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    await vi.waitFor(() => {
      collect();
      expect(spans()).toHaveLength(1);
    });
    const [seconds, nanos] = spans()[0]!.endTime;
    expect(seconds * 1000 + nanos / 1e6).toBeLessThanOrEqual(returned + 0.01);
    expect(then).not.toHaveBeenCalled();
  });

  test('what was thrown reaches the caller, even if it cannot be made a text', async () => {
    const odd: unknown = Object.create(null);
    const thrown = (work: () => unknown): unknown => {
      try {
        return work();
      } catch (error) {
        return error;
      }
    };
    expect(
      thrown(() =>
        step('s', () => {
          throw odd;
        }),
      ),
    ).toBe(odd);
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    await expect(step('s', () => Promise.reject(odd))).rejects.toBe(odd);
    expect(spans().map((span) => span.status.code)).toEqual([SpanStatusCode.ERROR, SpanStatusCode.ERROR]);
    startFlow({ id: 'order-6' }, () => {
      for (const error of [odd, Symbol('s'), { code: 'E' }]) failFlow(error);
    });
  });

  test('what fetch rejects, flowFetch rejects', async () => {
    const rejected = (fetching: Promise<unknown>): Promise<unknown> =>
      expect(fetching).rejects.toThrow(TypeError);
    await rejected(flowFetch('/relative'));
    await rejected(flowFetch('http://127.0.0.1:1', { headers: { 'a b': 'c' } }));
    expect(spans()).toEqual([]);
    await rejected(flowFetch(new Request('http://127.0.0.1:1/orders', { method: 'POST', body: 'x' })));
    expect(spans()[0]!.attributes).toMatchObject({
      'http.request.method': 'POST',
      'url.full': 'http://127.0.0.1:1/orders',
    });
  });

  test('a milestone says when by the clock of spans: a flow ends within its last step', () => {
    for (let i = 0; i < 5; i++)
      startFlow({ id: 'order-7' }, () =>
        step('last', () => {
          for (const from = performance.now(); performance.now() < from + 0.3;);
          completeFlow();
        }),
      );
    const ends = milestones
      .getFinishedLogRecords()
      .filter(({ eventName }) => eventName === 'fermata.flow.completed');
    const micros = ([seconds, nanos]: [number, number]): number => seconds * 1e6 + nanos / 1e3;
    expect(ends).toHaveLength(5);
    for (const [i, end] of ends.entries()) {
      const { startTime, endTime } = spans()[i]!;
      expect(micros(end.hrTime)).toBeGreaterThanOrEqual(micros(startTime) + 200);
      expect(micros(end.hrTime)).toBeLessThanOrEqual(micros(endTime) + 1);
    }
  });

  test('carriers full of garbage give a root context and no flow', () => {
    for (const garbage of [
      undefined,
      {},
      { traceparent: 'x' },
      { traceparent: Buffer.alloc(5), baggage: {} },
      { 'fermata-flow-id': [] },
      { 'fermata-flow-id': '' },
    ]) {
      const extracted = extractHeaders(garbage);
      expect(extracted.flow).toBeUndefined();
      expect(extracted.creation).toBeUndefined();
    }
    expect(injectHeaders(Object.freeze({}) as Record<string, unknown>, context.active())).toEqual({});
  });

  test('CloudEvents carry the flow in their own extensions', () => {
    const event: Record<string, unknown> = { specversion: '1.0', id: 'e1', type: 'T' };
    startFlow({ id: 'order-2', type: 'order' }, () => injectHeaders(event, context.active()));
    expect(event).toMatchObject({ bamtxid: 'order-2', bampid: 'order' });
    const { 'fermata-flow-id': _a, 'fermata-flow-type': _b, baggage: _c, ...foreign } = event;
    expect(extractHeaders(foreign)).toMatchObject({
      flow: { id: 'order-2', type: 'order' },
      id: 'e1',
      type: 'T',
    });
  });

  test('starting a flow names the span that it starts in', () => {
    trace.getTracer('t').startActiveSpan('request', (span: Span) => {
      startFlow({ id: 'order-3' }, () => undefined);
      span.end();
    });
    expect(spans()[0]!.attributes).toMatchObject({
      'fermata.flow.id': 'order-3',
      'fermata.flow.source': 'explicit',
    });
  });
});
