import { describe, expect, test } from 'vitest';
import { aSpan, traceId, type SpanSketch } from '../../testing/builders.ts';
import { createBench, type Bench } from '../../testing/correlator-harness.ts';

/** Tests what joins spans that refer to a span that was never received. */
const take = (bench: Bench, ...sketches: SpanSketch[]): void =>
  bench.take(sketches.map((sketch) => aSpan({ ...sketch, received: bench.clock.now() })));
/**
 * Returns the flow ids, which must be equal however the spans arrive: at once, one by one from
 * either end, and with or without eviction after each batch.
 */
const idsOf = (...sketches: SpanSketch[]): string[] => {
  const all = [
    [sketches],
    sketches.map((one) => [one]),
    sketches.toReversed().map((one) => [one]),
  ].flatMap((batches) =>
    [false, true].map((rests) => {
      const bench = createBench();
      for (const batch of batches) {
        take(bench, ...batch);
        if (rests) bench.rest();
      }
      return [...bench.flows().keys()].sort();
    }),
  );
  for (const ids of all) expect(ids).toEqual(all[0]);
  return all[0]!;
};
const process = (trace: string, absent: string, more: Partial<SpanSketch> = {}): SpanSketch => ({
  trace,
  id: '5',
  role: 'process',
  service: 'reader',
  links: [absent],
  at: Number.parseInt(trace, 16),
  ...more,
});

describe('an absent send', () => {
  test('that several took is one flow, whoever they are', () => {
    expect(idsOf(process('b1', 'aa/1'), process('b2', 'aa/1'))).toHaveLength(1);
    expect(
      idsOf(
        process('b1', 'aa/1'),
        process('b2', 'aa/1', { service: 'other' }),
        process('b3', 'aa/1'),
      ),
    ).toHaveLength(1);
    // The consumer's agent opens a receive span above each process span.
    const polled = (n: number): SpanSketch[] => [
      { trace: `b${n}`, id: '4', role: 'receive', service: 'reader', at: n },
      process(`b${n}`, 'aa/1', { parent: '4', remote: false }),
    ];
    expect(idsOf(...polled(1), ...polled(2))).toHaveLength(1);
  });
  test('is another than another one, be it of the same trace', () => {
    expect(idsOf(process('b1', 'aa/1'), process('b2', 'ab/1'))).toHaveLength(2);
    expect(idsOf(process('b1', 'aa/1'), process('b2', 'aa/2'))).toHaveLength(2);
  });
  test('that only one took leaves that where it is', () => {
    expect(idsOf(process('b1', 'aa/1'))).toEqual([traceId('b1')]);
  });
  test('of which different messages were taken was a batch', () => {
    const message = (n: number): Partial<SpanSketch> => ({ destination: 'q', message: `m-${n}` });
    expect(
      idsOf(process('b1', 'aa/1', message(1)), process('b2', 'aa/1', message(2))),
    ).toHaveLength(2);
    expect(
      idsOf(
        process('b1', 'aa/1', { position: 'q/0/7' }),
        process('b2', 'aa/1', { position: 'q/0/8' }),
        process('b3', 'aa/1'),
      ),
    ).toHaveLength(3);
    // Neither of these is a batch: one message that was delivered twice, and two messages that one
    // request sent to different destinations.
    expect(
      idsOf(process('b1', 'aa/1', message(1)), process('b2', 'aa/1', message(1))),
    ).toHaveLength(1);
    expect(
      idsOf(
        process('b1', 'aa/1', message(1)),
        process('b2', 'aa/1', { ...message(2), destination: 'audit' }),
      ),
    ).toHaveLength(1);
  });
  test('does not gather who took batches, or says whose it is', () => {
    expect(
      idsOf(process('b1', 'aa/1', { batch: 3 }), process('b2', 'aa/1', { batch: 3 })),
    ).toHaveLength(2);
    expect(
      idsOf(process('b1', 'aa/1', { flow: 'o1' }), process('b2', 'aa/1', { flow: 'o2' })),
    ).toHaveLength(2);
  });
  test('joins those who took from it to its own flow when it comes', () => {
    const send: SpanSketch = { trace: 'aa', id: '1', parent: '2', role: 'send', service: 'shop' };
    const ids = idsOf(process('b1', 'aa/1'), process('b2', 'aa/1'), send, { trace: 'aa', id: '2' });
    expect(ids).toEqual([traceId('aa')]);
  });
});

describe('an absent parent', () => {
  const send = (id: string, parent = '1'): SpanSketch => ({
    trace: 'ff',
    id,
    parent,
    role: 'send',
    service: 'shop',
    destination: `q${id}`,
    at: 1,
  });
  const taken = (trace: string, of: string): SpanSketch =>
    process(trace, `ff/${of}`, { service: trace });

  test('of several sends makes them one flow, whose takers have traces of their own', () => {
    for (const [first = '', second = ''] of [
      ['b1', 'b2'],
      ['fff1', 'b2'],
      ['fff1', 'fff2'],
    ])
      expect(idsOf(send('2'), send('3'), taken(first, '2'), taken(second, '3'))).toEqual([
        traceId('ff'),
      ]);
  });
  test('that a taker names by a link is the same place', () => {
    expect(idsOf(send('2'), process('b1', 'ff/1'))).toEqual([traceId('ff')]);
  });
  test('is found by the root of its trace', () => {
    const root: SpanSketch = { trace: 'ff', id: '9', service: 'shop' };
    expect(idsOf(root, send('2'), send('3'), taken('b1', '2'), taken('b2', '3'))).toEqual([
      traceId('ff'),
    ]);
  });
  test('of consumers that name other messages does not make its trace their flow', () => {
    const root: SpanSketch = { trace: 'ff', id: '9', role: 'send', service: 'shop' };
    const local = process('ff', 'ff/5', { parent: '1' });
    const announced: SpanSketch = { ...local, milestone: 'step-started' };
    for (const other of [local, announced]) {
      const ids = idsOf(root, other, process('b1', 'ff/1'));
      expect(ids).toHaveLength(3);
      expect(ids).toContain(traceId('ff'));
    }
  });
  test('that looks like a poll says nothing', () => {
    const polled = (id: string, sent: string): SpanSketch => ({
      trace: 'ff',
      id,
      parent: '1',
      remote: false,
      role: 'process',
      links: [sent],
      at: 9,
    });
    expect(
      idsOf(
        { trace: 'a1', id: '1', role: 'send' },
        { trace: 'a2', id: '1', role: 'send' },
        polled('2', 'a1/1'),
        polled('3', 'a2/1'),
      ),
    ).toEqual([traceId('a1'), traceId('a2')]);
  });
});

describe('strangers who name one absent span bring nobody back', () => {
  const cases: Record<string, (n: number) => SpanSketch[]> = {
    'messages of a poll that does not end': (n) => [
      { trace: `a${n}`, id: '1', role: 'send', at: n },
      {
        trace: 'ee',
        id: `2${n}`,
        parent: '9',
        remote: false,
        role: 'process',
        at: n + 5,
        links: [`a${n}/1`],
      },
    ],
    'flows with ids in a trace that does not end': (n) => [
      { trace: 'ee', id: `1${n}`, parent: '9', flow: `o${n}`, at: n },
      { trace: 'ee', id: `2${n}`, parent: `1${n}`, role: 'send', at: n + 5 },
    ],
    'messages of an absent batch': (n) => [process(`b${n}`, 'aa/1', { message: `m-${n}`, at: n })],
  };
  test.each(Object.keys(cases))('%s', (name) => {
    for (const restarts of [false, true]) {
      const bench = createBench();
      for (let n = 100; n < 150; n++) take(bench, ...cases[name]!(n));
      bench.rest();
      if (restarts) bench.restart();
      expect(bench.flows().size).toBe(50);
      const { reloaded } = bench;
      take(bench, ...cases[name]!(500));
      expect(bench.reloaded).toBe(reloaded);
      expect(bench.flows().size).toBe(51);
    }
  });
});
