import fc from 'fast-check';
import type { Span } from '../span.ts';
import { aSpan } from './builders.ts';

const size = 14;
const index = fc.nat({ max: size - 1 });
/** Spans that refer to any other one, earlier or later, existing or not: rings, orphans and joins all occur. */
export const anySketches = fc.uniqueArray(
  fc.record({
    id: index,
    /** Arrival: by rank, in batches that end where something happens then. */
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
    ),
    service: fc.constantFrom('a', 'b', 'c'),
    flow: fc.option(fc.constantFrom('f1', 'f2', 'f3'), { freq: 3 }),
    type: fc.constantFrom('', 't', 'u'),
    idKind: fc.constantFrom('', '', '', 'engine'),
    source: fc.constantFrom<('message' | 'explicit' | 'ambient')[]>('message', 'explicit', 'ambient'),
    message: fc.constantFrom('', '', 'm1', 'm2', 'm3', '7', '8'),
    destination: fc.constantFrom('q', 'q', 'q', 'r', 'q.retry', ''),
    system: fc.constantFrom('test', 'test', ''),
    partition: fc.constantFrom('', '', '0'),
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
    // A span that never comes has a trace, too: whoever links to it means the same one.
    const traceOf = (at: number): string =>
      `${(list.find((other) => other.id === at)?.trace ?? at % 6) + 10}`;
    const parent = item.parent === null ? undefined : `${item.parent + 1}`;
    const isEvent = item.role === 'event';
    return aSpan({
      trace: traceOf(item.id),
      id: `${item.id + 1}`,
      ...(parent !== undefined && { parent }),
      role: item.role,
      service: item.service,
      links: isEvent ? [] : item.links.map((at) => `${traceOf(at)}/${at + 1}`),
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
      batch: item.batch,
      conversation: item.conversation,
      identities: item.identity === '' ? [] : [item.identity],
      at: item.at,
      failed: item.failed,
      milestone: isEvent ? (item.milestone ?? 'flow-heartbeat') : null,
      ...(isEvent && item.milestone === 'flow-completed' && { outcome: 'completed' as const }),
      remote: item.remote,
    });
  });
