import fc from 'fast-check';
import type { Span } from '../model/span.ts';
import { aSpan, spanId, type SpanSketch } from './builders.ts';

const size = 14;
const index = fc.nat({ max: size - 1 });
/**
 * Generates spans that may refer to any span: earlier, later or missing ones. Cycles, orphans and
 * joins all occur.
 */
export const anySketches = fc.uniqueArray(
  fc.record({
    id: index,
    /**
     * Spans arrive in the order of `rank`. After a span, `then` continues its batch (`more`), or
     * ends the batch and evicts all flows (`rest`) or restarts the server.
     */
    rank: fc.nat({ max: 1000 }),
    then: fc.constantFrom<('more' | 'rest' | 'restart')[]>('more', 'rest', 'restart'),
    trace: fc.nat({ max: 5 }),
    parent: fc.option(index, { freq: 2 }),
    links: fc.uniqueArray(index, { maxLength: 3 }),
    role: fc.constantFrom(
      'send',
      'process',
      'process',
      'receive',
      'create',
      'internal',
      'server',
      'client',
      'event',
      'announcement',
      'announced request',
    ),
    service: fc.constantFrom('a', 'b', 'c'),
    flow: fc.option(fc.constantFrom('f1', 'f2', 'f3'), { freq: 3 }),
    type: fc.constantFrom('', 't', 'u'),
    idKind: fc.constantFrom('', '', '', 'engine'),
    source: fc.constantFrom<('message' | 'explicit' | 'ambient')[]>(
      'message',
      'explicit',
      'ambient',
    ),
    message: fc.constantFrom('', '', 'm1', 'm2', 'm3', '7', '8'),
    destination: fc.constantFrom('q', 'q', 'q', 'r', 'q.retry', ''),
    system: fc.constantFrom('test', 'test', ''),
    partition: fc.constantFrom('', '', '0'),
    contextless: fc.constantFrom(false, false, false, true),
    batch: fc.constantFrom(0, 0, 0, 2),
    conversation: fc.constantFrom('', '', '', 'c1', 'c2'),
    identity: fc.constantFrom('', '', '', 'k\u00001', 'k\u00002'),
    at: fc.nat({ max: 400 }),
    failed: fc.boolean(),
    milestone: fc.constantFrom(null, 'flow-started', 'flow-completed', 'step-started'),
    remote: fc.constantFrom(null, true, false),
  }),
  { minLength: 2, maxLength: size, selector: (item) => item.id },
);

export type Sketches = typeof anySketches extends fc.Arbitrary<infer T> ? T : never;

export const toSpans = (list: Sketches): Span[] =>
  list.map((item) => {
    // Returns the trace of a span. A missing span gets a trace as well, so that all links to it
    // name the same span.
    const traceOf = (at: number): string =>
      `${(list.find((other) => other.id === at)?.trace ?? at % 6) + 10}`;
    const parent = item.parent === null ? undefined : `${item.parent + 1}`;
    const isEvent = item.role === 'event';
    const isRequest = item.role === 'announced request';
    const isAnnouncement = item.role === 'announcement' || isRequest;
    const most = isAnnouncement ? 1 : 3;
    const milestone = isEvent ? (item.milestone ?? 'flow-heartbeat') : null;
    return aSpan({
      trace: traceOf(item.id),
      id: `${item.id + 1}`,
      ...(parent !== undefined && { parent }),
      role:
        item.role === 'announcement'
          ? 'process'
          : item.role === 'announced request'
            ? 'server'
            : item.role,
      service: item.service,
      links:
        isEvent || isRequest
          ? []
          : item.links.slice(0, most).map((at) => `${traceOf(at)}/${at + 1}`),
      ...(item.flow !== null && {
        flow: item.flow,
        idKind: item.idKind,
        type: item.type,
        source: item.source,
      }),
      message: item.message,
      destination: item.destination,
      system: item.system,
      partition: item.partition,
      ...(item.contextless && { contextless: true as const }),
      batch: item.batch,
      conversation: item.conversation,
      identities: item.identity === '' ? [] : [item.identity],
      at: item.at,
      failed: item.failed,
      milestone: isAnnouncement ? 'step-started' : milestone,
      ...(isEvent && item.milestone === 'flow-completed' && { outcome: 'completed' as const }),
      remote: item.remote,
    });
  });

/**
 * Spans arrive in the order of `rank`. After a span, `then` continues its batch (`more`), or ends
 * the batch and evicts all flows (`rest`) or restarts the server.
 */
const arrival = fc.record({
  rank: fc.nat({ max: 1000 }),
  then: fc.constantFrom<('more' | 'rest' | 'restart')[]>('more', 'more', 'rest', 'restart'),
});
const few = { minLength: 1, maxLength: 3 };
/**
 * Generates orders whose messages are consumed in batches, as under load. A batch can contain
 * messages of any orders.
 */
export const anyRushes = fc
  .record({
    orders: fc.array(
      fc.record({
        named: fc.boolean(),
        sends: fc.array(fc.constantFrom('q', 'r'), few),
        message: fc.boolean(),
      }),
      { minLength: 2, maxLength: 3 },
    ),
    batches: fc.array(
      fc.record({
        takes: fc.uniqueArray(fc.nat({ max: 8 }), { minLength: 1, maxLength: 6 }),
        counted: fc.boolean(),
        role: fc.constantFrom('process', 'receive'),
        /** Whether the batch reports its destination. */
        placed: fc.boolean(),
        failed: fc.boolean(),
        early: fc.boolean(),
        /** How the spans below the batch identify the message that each of them processes. */
        below: fc.constantFrom('nothing', 'links', 'flow ids', 'nameless', 'work with links'),
        follows: fc.boolean(),
      }),
      { minLength: 1, maxLength: 2 },
    ),
    arrivals: fc.array(arrival, { minLength: 60, maxLength: 60 }),
  })
  .map(({ orders, batches, arrivals }) => {
    const sends = orders.flatMap((order, o) =>
      order.sends.map((destination, s) => ({ order, o, s, destination })),
    );
    const idOf = (o: number): string => `order-${o}`;
    const flowOf = (o: number): Partial<SpanSketch> =>
      orders[o]!.named ? { flow: idOf(o), type: 'order' } : {};
    const sent = sends.map(({ order, o, s, destination }): SpanSketch => ({
      trace: `a${o}`,
      id: `${o}${s + 1}`,
      parent: `${o}0`,
      role: 'send',
      service: 'shop',
      destination,
      at: 10 * o + s,
      ms: 1,
      ...(order.message && { message: `m${o}${s}` }),
    }));
    const roots = orders.map((_, o): SpanSketch => ({
      trace: `a${o}`,
      id: `${o}0`,
      service: 'shop',
      at: 10 * o,
      ...flowOf(o),
    }));
    const takes = batches.map((batch) => [...new Set(batch.takes.map((at) => at % sends.length))]);
    const taken = batches.flatMap((batch, b): SpanSketch[] => {
      const trace = `b${b}`;
      const picked = takes[b]!;
      const places = new Set(picked.map((at) => sends[at]!.destination));
      const under = (k: number, more: Partial<SpanSketch>): SpanSketch => ({
        trace,
        id: `c${b}${k}`,
        parent: `b${b}`,
        remote: false,
        service: 'pay',
        at: 60 + 40 * b + k,
        ms: 2,
        ...more,
      });
      const nameOf = (at: number): string => `a${sends[at]!.o}/${sent[at]!.id}`;
      return [
        {
          trace,
          id: `b${b}`,
          role: batch.role,
          service: 'pay',
          // Report a destination only if all messages of the batch came from it. A message id at
          // another destination would mean another message.
          destination: batch.placed && places.size === 1 ? [...places][0]! : '',
          at: batch.early ? 5 : 50 + 40 * b,
          ms: 30,
          failed: batch.failed,
          batch: batch.counted ? picked.length : 0,
          links: picked.map(nameOf),
        },
        ...(batch.below === 'nothing' ? [] : picked).map((at, k) =>
          under(k, {
            role: batch.below === 'work with links' ? 'internal' : 'process',
            // Set the destination explicitly, because the default could be the destination of
            // another message.
            destination: sends[at]!.destination,
            ...(batch.below.endsWith('links') && { links: [nameOf(at)] }),
            ...(batch.below === 'flow ids' && flowOf(sends[at]!.o)),
          }),
        ),
        ...(batch.follows ? picked : []).map((at, k) =>
          under(k + 10, {
            role: 'send',
            destination: 's',
            ...(batch.below === 'work with links' && { parent: `c${b}${k}` }),
            ...flowOf(sends[at]!.o),
          }),
        ),
      ];
    });
    const sketches = [...roots, ...sent, ...taken];
    return {
      spans: sketches.map(aSpan),
      arrivals: arrivals.slice(0, sketches.length),
      roots: roots.map((root) => aSpan(root).key),
      /** The span ids of the messages that each batch consumed. */
      takes: takes.map((picked, b) => ({
        id: spanId(`b${b}`),
        sends: picked.map((at) => spanId(sent[at]!.id)),
        orders: new Set(picked.map((at) => sends[at]!.o)).size,
        below: batches[b]!.below,
      })),
    };
  });
