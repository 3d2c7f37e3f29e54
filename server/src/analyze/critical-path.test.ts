import { describe, expect, test } from 'vitest';
import { createBench } from '../testing/correlator-harness.ts';
import type { Flow } from '../model/flow.ts';
import { aSpan, type SpanSketch } from '../testing/builders.ts';
import type { Span } from '../model/span.ts';
import { msBetween, unixNanos, type UnixNanos } from '../model/time.ts';
import { criticalPath } from './critical-path.ts';

/**
 * Formats a critical path as `kind who from-to`, in ms since the flow began. There is one test for
 * each rule.
 */
const pathOf = (...sketches: SpanSketch[]): string[] => pathOfSpans(sketches.map(aSpan));
const pathOfSpans = (spans: Span[]): string[] => {
  const bench = createBench();
  bench.take(spans);
  const flows = [...bench.flows().values()];
  expect(flows).toHaveLength(1);
  return words(flows[0]!);
};
function words(flow: Flow): string[] {
  const serviceOf = (id: string | null | undefined): string =>
    flow.steps.find((step) => step.id === id)?.service ?? '?';
  return criticalPath(flow).map(({ kind, stepId, hopId, start, end }) => {
    const hop = flow.hops.find((one) => one.id === hopId);
    const who = hop
      ? `${serviceOf(hop.from)}>${serviceOf(hop.to)}`
      : stepId
        ? serviceOf(stepId)
        : '';
    return [kind, who, `${msBetween(flow.started, start)}-${msBetween(flow.started, end)}`]
      .filter((word) => word !== '')
      .join(' ');
  });
}

/**
 * Sketches a call as OpenTelemetry records it: the caller's client span, and the callee's server
 * span in it.
 */
const call = (
  caller: string,
  id: string,
  service: string,
  [sent, from, to, returned]: [number, number, number, number],
  more: Partial<SpanSketch> = {},
): SpanSketch[] => [
  {
    trace: 'a',
    id: `${id}c`,
    parent: caller,
    role: 'client',
    service: serviceNamed(caller),
    at: sent,
    ms: returned - sent,
  },
  {
    trace: 'a',
    id,
    parent: `${id}c`,
    role: 'server',
    service,
    route: 'POST /work',
    at: from,
    ms: to - from,
    ...more,
  },
];
const SERVICES: Record<string, string> = {
  '1': 'one',
  '2': 'two',
  '3': 'three',
  '4': 'four',
  '5': 'five',
};
const serviceNamed = (id: string): string => SERVICES[id]!;
const root = (ms: number): SpanSketch => ({
  trace: 'a',
  id: '1',
  role: 'server',
  service: 'one',
  ms,
});

describe('within one trace, as Jaeger and CRISP', () => {
  test('the child that finished last, and not the one that it overlapped', () => {
    // Jaeger's second test case, CRISP's ConcurrentSiblingExcluded: span X lasts from 1 to 101, A
    // from 10 to 50, and C from 20 to 60.
    expect(
      pathOf(
        root(100),
        ...call('1', '2', 'two', [9, 9, 49, 49]),
        ...call('1', '3', 'three', [19, 19, 59, 59]),
      ),
    ).toEqual(['processing one 0-19', 'processing three 19-59', 'processing one 59-100']);
  });

  test('calls one after the other are all on it', () => {
    expect(
      pathOf(
        root(100),
        ...call('1', '2', 'two', [0, 5, 35, 40]),
        ...call('1', '3', 'three', [50, 50, 100, 100]),
      ),
    ).toEqual([
      'sync-call one>two 0-5',
      'processing two 5-35',
      'sync-call one>two 35-40',
      'processing one 40-50',
      'processing three 50-100',
    ]);
  });

  test('a chain goes down to the one that works', () => {
    expect(
      pathOf(
        root(100),
        ...call('1', '2', 'two', [10, 10, 90, 90]),
        ...call('2', '3', 'three', [20, 20, 70, 70]),
      ),
    ).toEqual([
      'processing one 0-10',
      'processing two 10-20',
      'processing three 20-70',
      'processing two 70-90',
      'processing one 90-100',
    ]);
  });

  test('calls that overlap by less than 1 % overlap: clocks are set right before, unlike CRISP', () => {
    expect(
      pathOf(
        root(1000),
        ...call('1', '2', 'two', [0, 0, 505, 505]),
        ...call('1', '3', 'three', [500, 500, 1000, 1000]),
      ),
    ).toEqual(['processing one 0-500', 'processing three 500-1000']);
  });

  test('a call that a library wraps returns when the wrapper does, unlike the span within', () => {
    // The inner client span ends when the whole answer was read; the caller has already continued
    // by then.
    const wrapped = (id: string, service: string, [from, to]: [number, number]): SpanSketch[] => [
      { trace: 'a', id: `${id}f`, parent: '1', role: 'client', at: from, ms: to - from },
      { trace: 'a', id: `${id}c`, parent: `${id}f`, role: 'client', at: from, ms: to - from + 3 },
      { trace: 'a', id, parent: `${id}c`, role: 'server', service, at: from, ms: to - from },
    ];
    const inOne = (sketch: SpanSketch): SpanSketch => ({ service: 'one', ...sketch });
    expect(
      pathOf(
        root(100),
        ...wrapped('2', 'two', [10, 40]).map(inOne),
        ...wrapped('3', 'three', [41, 90]).map(inOne),
      ),
    ).toEqual([
      'processing one 0-10',
      'processing two 10-40',
      'processing one 40-41',
      'processing three 41-90',
      'processing one 90-100',
    ]);
  });

  test('what was only told is not waited for', () => {
    // Jaeger's fifth test case: span B follows from A, and ends before A.
    expect(
      pathOf(
        { ...root(30), role: 'server' },
        { trace: 'a', id: '8', parent: '1', role: 'send', service: 'one', at: 5, ms: 1 },
        {
          trace: 'a',
          id: '9',
          parent: '8',
          remote: true,
          role: 'process',
          service: 'two',
          at: 10,
          ms: 10,
        },
      ),
    ).toEqual(['processing one 0-30']);
  });

  test('a request ends with its answer: what goes on in a callee is cut off', () => {
    // Jaeger's sixth test case: span A lasts from 1 to 30, B in it from 15 to 35, and C in B from
    // 10 to 25. C cannot have begun before B.
    const inside = { trace: 'a', role: 'server' as const };
    expect(
      pathOf(
        root(29),
        { ...inside, id: '2', parent: '1', service: 'two', at: 14, ms: 20 },
        { ...inside, id: '3', parent: '2', service: 'three', at: 9, ms: 15 },
      ),
    ).toEqual(['processing one 0-14', 'processing three 14-29']);
    // In a flow with messages, the last work ends the flow.
    expect(
      pathOf(
        root(30),
        { trace: 'a', id: '8', parent: '1', role: 'send', service: 'one', at: 5, ms: 1 },
        ...call('1', '2', 'two', [15, 15, 60, 60]),
      ),
    ).toEqual(['processing one 0-15', 'processing two 15-60']);
  });

  test('a caller that got its answer did not wait for the rest of the work', () => {
    expect(pathOf(root(100), ...call('1', '2', 'two', [10, 10, 80, 30]))).toEqual([
      'processing one 0-10',
      'processing two 10-30',
      'processing one 30-100',
    ]);
  });

  test('a call that was given up blames the one that did not answer', () => {
    const [asking, hanging] = call('1', '2', 'two', [10, 12, 500, 60]) as [SpanSketch, SpanSketch];
    expect(
      pathOf({ ...root(70), failed: true }, { ...asking, failed: true }, hanging).slice(0, 3),
    ).toEqual(['processing one 0-10', 'sync-call one>two 10-12', 'processing two 12-60']);
    // The callee has no span, so the time counts as the caller's own work.
    expect(pathOf({ ...root(70), failed: true }, { ...asking, failed: true })).toEqual([
      'processing one 0-70',
    ]);
  });

  test('calls one after the other that seem to overlap by the clock of their SDK are both on it', () => {
    // The SDK cuts starts to whole milliseconds, so that `two` and `three` seem to overlap by 0.1
    // ms.
    expect(
      pathOf(
        root(30),
        ...call('1', '2', 'two', [0, 0, 10.1, 10.1]),
        ...call('1', '3', 'three', [10, 10, 20, 20]),
      ),
    ).toEqual(['processing two 0-10', 'processing three 10-20', 'processing one 20-30']);
  });

  test('a callee whose clock is far ahead was on its way all the time', () => {
    expect(
      pathOf(
        root(100),
        ...call('1', '2', 'two', [10, 110, 150, 60]),
        ...call('1', '3', 'three', [65, 65, 90, 90]),
      ),
    ).toEqual([
      'processing one 0-10',
      'sync-call one>two 10-60',
      'processing one 60-65',
      'processing three 65-90',
      'processing one 90-100',
    ]);
  });

  test.each<[string, { from: number; until: number; ns?: bigint }, string[]]>([
    ['whole milliseconds hides an overlap of less', { from: 10, until: 10.9 }, ['two', 'three']],
    ['whole milliseconds does not hide one of more', { from: 10, until: 11.1 }, ['three']],
    ['whole microseconds shows less', { from: 10.001, until: 10.002 }, ['three']],
    ['whole microseconds shows who came first', { from: 10.001, until: 10.001 }, ['two', 'three']],
    ['nanoseconds hides nothing', { from: 10, until: 10.001, ns: 1n }, ['three']],
    ['nanoseconds shows who came first', { from: 10, until: 10, ns: 1n }, ['two', 'three']],
  ])('a clock that says %s', (_what, { from, until, ns = 0n }, expected) => {
    const later = (at: UnixNanos): UnixNanos => unixNanos(at + ns);
    const spans = [
      root(30),
      ...call('1', '2', 'two', [from - 8, from - 8, until, until]),
      ...call('1', '3', 'three', [from, from, 25, 25]),
    ].map(aSpan);
    const path = pathOfSpans(
      spans.map((span) => ({ ...span, start: later(span.start), end: later(span.end) })),
    );
    const worked = path.map((part) => part.split(' ')).filter(([kind]) => kind === 'processing');
    expect(worked.flatMap(([, who]) => (who === 'one' ? [] : [who]))).toEqual(expected);
  });

  test('a clock that was set right hides what it hid before', () => {
    // The callee's clock counts whole milliseconds, and is 1234.567 ms behind the caller's.
    const asked = (id: string, at: number, ms: number): SpanSketch => ({
      ...{ trace: 'a', id, parent: '1', role: 'server', service: 'two', route: `POST /${id}` },
      at: at - 1235,
      ms,
    });
    const path = pathOf({ ...root(30), at: -0.433 }, asked('2', 0, 10.4), asked('3', 10, 10));
    expect(path.filter((part) => part.startsWith('processing two'))).toHaveLength(2);
  });

  test('nobody works after its end', () => {
    const answers: SpanSketch[] = [
      { ...root(40), service: 'one' },
      { trace: 'a', id: '8', parent: '1', role: 'send', service: 'one', at: 10, ms: 2 },
    ];
    const path = ['processing one 0-40', 'unknown 40-100'];
    // After its end the step continues by a timer: it makes a call with a client span, makes a call
    // without one, or works by itself.
    expect(pathOf(...answers, ...call('1', '2', 'two', [100, 105, 395, 400]))).toEqual([
      ...path,
      'sync-call one>two 100-105',
      'processing two 105-395',
      'sync-call one>two 395-400',
    ]);
    const asked: SpanSketch = {
      trace: 'a',
      id: '2',
      parent: '1',
      role: 'server',
      service: 'two',
      at: 100,
    };
    expect(pathOf(...answers, { ...asked, ms: 300 })).toEqual([...path, 'processing two 100-400']);
    expect(
      pathOf(...answers, { trace: 'a', id: '2', parent: '1', service: 'one', at: 100, ms: 300 }),
    ).toEqual([...path, 'processing one 100-400']);
    // Nor does a callee work after its end: the time from then until the caller's next span is
    // unknown.
    expect(
      pathOf(
        ...answers,
        { ...asked, at: 30, ms: 50 },
        { trace: 'a', id: '3', parent: '1', service: 'one', role: 'send', at: 100, ms: 1 },
      ),
    ).toEqual([
      'processing one 0-30',
      'processing two 30-80',
      'unknown 80-100',
      'processing one 100-101',
    ]);
  });

  test('the pause between two calls of which the first failed is back-off', () => {
    expect(
      pathOf(
        root(100),
        ...call('1', '2', 'two', [0, 0, 10, 10], { failed: true }),
        ...call('1', '3', 'two', [40, 40, 50, 50], { failed: true }),
        ...call('1', '4', 'two', [90, 90, 95, 95]),
      ),
    ).toEqual([
      'processing two 0-10',
      'retry-backoff one 10-40',
      'processing two 40-50',
      'retry-backoff one 50-90',
      'processing two 90-95',
      'processing one 95-100',
    ]);
  });
});

describe('across traces', () => {
  const send = (
    trace: string,
    id: string,
    at: number,
    more: Partial<SpanSketch> = {},
  ): SpanSketch => ({
    trace,
    id,
    role: 'send',
    service: 'shop',
    at,
    ms: 2,
    ...more,
  });
  const take = (
    trace: string,
    id: string,
    link: string,
    at: number,
    ms: number,
    more: Partial<SpanSketch> = {},
  ): SpanSketch => ({ trace, id, role: 'process', links: [link], at, ms, ...more });

  test('a message waits from the end of its send to the start of its processing', () => {
    expect(
      pathOf(
        { trace: 'a', id: '1', role: 'server', service: 'shop', ms: 12 },
        send('a', '2', 8, { parent: '1' }),
        take('b', '3', 'a/2', 50, 20, { service: 'ship' }),
      ),
    ).toEqual(['processing shop 0-10', 'queue-wait shop>ship 10-50', 'processing ship 50-70']);
  });

  test('of parallel branches the one that ended last', () => {
    expect(
      pathOf(
        send('a', '1', 0),
        take('b', '2', 'a/1', 10, 90, { service: 'mail' }),
        take('c', '3', 'a/1', 40, 20, { service: 'ship' }),
      ),
    ).toEqual(['processing shop 0-2', 'queue-wait shop>mail 2-10', 'processing mail 10-100']);
  });

  test('a join waits for the message that was sent last', () => {
    expect(
      pathOf(
        send('a', '1', 0, { flow: 'f' }),
        send('c', '2', 30, { flow: 'f', service: 'bank' }),
        take('b', '3', 'a/1', 50, 10, { service: 'ship', links: ['a/1', 'c/2'], flow: 'f' }),
      ),
    ).toEqual([
      'processing shop 0-2',
      'unknown 2-30',
      'processing bank 30-32',
      'queue-wait bank>ship 32-50',
      'processing ship 50-60',
    ]);
  });

  test('between deliveries of one message is back-off', () => {
    expect(
      pathOf(
        send('a', '1', 0, { message: 'm1' }),
        take('b', '2', 'a/1', 10, 10, { service: 'ship', message: 'm1', failed: true }),
        take('c', '3', 'a/1', 60, 10, { service: 'ship', message: 'm1' }),
      ),
    ).toEqual([
      'processing shop 0-2',
      'queue-wait shop>ship 2-10',
      'processing ship 10-20',
      'retry-backoff ship 20-60',
      'processing ship 60-70',
    ]);
  });

  test('until a message is delivered again after its attempt was lost is unknown', () => {
    expect(
      pathOf(
        send('a', '1', 0, { message: 'm1' }),
        take('b', '2', 'a/1', 10, 0, {
          ...{ service: 'ship', message: 'm1', parent: '9', milestone: 'step-started' },
        }),
        take('c', '3', 'a/1', 60, 10, { service: 'ship', message: 'm1' }),
      ),
    ).toEqual([
      'processing shop 0-2',
      'queue-wait shop>ship 2-10',
      'unknown 10-60',
      'processing ship 60-70',
    ]);
  });

  test('a conductor that hears replies while it waits is not the one that takes long', () => {
    expect(
      pathOf(
        { trace: 'a', id: '1', role: 'server', service: 'shop', ms: 100 },
        send('a', '2', 3, { parent: '1', kind: 'command', destination: 'bank' }),
        take('b', '3', 'a/2', 10, 60, { service: 'bank', kind: 'command', destination: 'bank' }),
        send('b', '4', 65, { parent: '3', service: 'bank', kind: 'reply', destination: 'replies' }),
        take('c', '5', 'b/4', 70, 5, { service: 'shop', kind: 'reply', destination: 'replies' }),
      ),
    ).toEqual([
      'orchestrator shop 0-5',
      'queue-wait shop>bank 5-10',
      'processing bank 10-67',
      'queue-wait bank>shop 67-70',
      'orchestrator shop 70-75',
      'orchestrator shop 75-100',
    ]);
  });

  test('a reply is heard when its handler begins, even where that goes on after the next command', () => {
    expect(
      pathOf(
        { trace: 'a', id: '1', role: 'server', service: 'shop', ms: 200 },
        send('a', '2', 3, { parent: '1', kind: 'command', destination: 'bank' }),
        take('b', '3', 'a/2', 10, 58, { service: 'bank', kind: 'command', destination: 'bank' }),
        send('b', '4', 65, { parent: '3', service: 'bank', kind: 'reply', destination: 'replies' }),
        take('c', '5', 'b/4', 70, 5, { service: 'shop', kind: 'reply', destination: 'replies' }),
        send('a', '6', 71, { parent: '1', ms: 1, kind: 'command', destination: 'mail' }),
        take('d', '7', 'a/6', 80, 130, { service: 'mail', kind: 'command', destination: 'mail' }),
      ).slice(0, 6),
    ).toEqual([
      'orchestrator shop 0-5',
      'queue-wait shop>bank 5-10',
      'processing bank 10-67',
      'queue-wait bank>shop 67-70',
      'orchestrator shop 70-72',
      'queue-wait shop>mail 72-80',
    ]);
  });

  test('who declares the end is not who happens to run then', () => {
    expect(
      pathOf(
        send('a', '1', 0, { flow: 'f', ms: 10 }),
        take('b', '2', 'a/1', 20, 1001, { service: 'ship', flow: 'f' }),
        send('b', '3', 21, { parent: '2', service: 'ship', flow: 'f' }),
        take('c', '4', 'b/3', 30, 1500, { service: 'audit', flow: 'f' }),
        {
          trace: 'b',
          id: '5',
          parent: '2',
          role: 'event',
          service: 'ship',
          at: 1020,
          ms: 0,
          flow: 'f',
          milestone: 'flow-completed',
          outcome: 'completed',
        },
      ),
    ).toEqual(['processing shop 0-10', 'queue-wait shop>ship 10-20', 'processing ship 20-1020']);
  });

  test('between two attempts is back-off, what an attempt did after a failed call is work', () => {
    const asks = (id: string, from: string, at: number, failed: boolean): SpanSketch[] => [
      { trace: from, id: `${id}c`, parent: from, role: 'client', service: 'ship', at, ms: 10 },
      {
        trace: from,
        id,
        parent: `${id}c`,
        role: 'server',
        service: 'bank',
        route: 'POST /pay',
        at,
        ms: 10,
        failed,
      },
    ];
    expect(
      pathOf(
        send('a', '1', 0, { message: 'm1' }),
        take('b', 'b', 'a/1', 10, 1000, { service: 'ship', message: 'm1', failed: true }),
        ...asks('21', 'b', 12, true),
        take('c', 'c', 'a/1', 1100, 20, { service: 'ship', message: 'm1' }),
        ...asks('31', 'c', 1102, false),
      ),
    ).toEqual([
      'processing shop 0-2',
      'queue-wait shop>ship 2-10',
      'processing ship 10-12',
      'processing bank 12-22',
      'processing ship 22-1010',
      'retry-backoff ship 1010-1100',
      'processing ship 1100-1102',
      'processing bank 1102-1112',
      'processing ship 1112-1120',
    ]);
  });

  test('a timer is meant to take its time', () => {
    expect(
      pathOf(
        send('a', '1', 0, { kind: 'timer' }),
        take('b', '2', 'a/1', 500, 10, { service: 'shop', kind: 'timer' }),
      ),
    ).toEqual(['processing shop 0-2', 'intended-delay shop>shop 2-500', 'processing shop 500-510']);
  });

  test('a consumer that is faster than the acknowledgement of its broker did not wait', () => {
    expect(
      pathOf(send('a', '1', 0, { ms: 20 }), take('b', '2', 'a/1', 5, 30, { service: 'ship' })),
    ).toEqual(['processing shop 0-5', 'processing ship 5-35']);
  });

  test('what nothing explains is said to be unknown', () => {
    expect(
      pathOf(
        { trace: 'a', id: '1', role: 'server', service: 'shop', ms: 10, flow: 'f' },
        { trace: 'b', id: '2', role: 'server', service: 'ship', at: 60, ms: 10, flow: 'f' },
      ),
    ).toEqual(['processing shop 0-10', 'unknown 10-60', 'processing ship 60-70']);
  });
});
