import { describe, expect, test } from 'vitest';
import type { Flow } from '../model/flow.ts';
import { aSpan, spanId, traceId, type SpanSketch } from '../testing/builders.ts';
import { createBench, flowsOf } from '../testing/correlator-harness.ts';

/**
 * Tests consumers that take messages of several flows at once. Such a consumer is a step of each of
 * these flows and joins none of them.
 */
const order = (trace: string, over: Partial<SpanSketch> = {}): SpanSketch[] => [
  { trace, id: '1', service: 'shop', role: 'server' },
  {
    trace,
    id: '2',
    parent: '1',
    service: 'shop',
    role: 'send',
    destination: 'pay',
    at: 10,
    ms: 2,
    ...over,
  },
];
const batch = (links: string[], over: Partial<SpanSketch> = {}): SpanSketch => ({
  trace: 'b1',
  id: '9',
  role: 'process',
  service: 'worker',
  destination: 'pay',
  at: 52,
  ms: 20,
  links,
  batch: links.length,
  ...over,
});
const worker = (flow: Flow | undefined) =>
  flow?.steps.filter((step) => step.service === 'worker') ?? [];
const hopsTo = (flow: Flow) => flow.hops.map(({ state, waitMs }) => [state, waitMs]);

describe('a batch of messages of several flows', () => {
  test('takes each of them, and is a step of each flow, with or without its count', () => {
    for (const count of [2, 0]) {
      const flows = flowsOf(
        ...order('a1'),
        ...order('a2'),
        batch(['a1/2', 'a2/2'], { batch: count }),
      );
      expect(flows.map((flow) => flow.id)).toEqual([traceId('a1'), traceId('a2')]);
      for (const flow of flows) {
        expect(flow.hops).toMatchObject([
          { state: 'delivered', waitMs: 40, evidence: [{ kind: 'link' }], to: worker(flow)[0]!.id },
        ]);
        expect(worker(flow)).toMatchObject([
          { status: 'ok', shared: true, spanIds: [spanId('9')] },
        ]);
        expect(flow).toMatchObject({
          idleOutcome: 'completed',
          durationMs: 72,
          services: ['shop', 'worker'],
        });
        expect(flow.badges).toEqual(['shared']);
        expect(flow.members).not.toContain(traceId('b1') + spanId('9'));
      }
    }
  });

  test('is a step of the same kind as a batch of one', () => {
    const [alone] = flowsOf(...order('a1'), batch(['a1/2']));
    const [together] = flowsOf(...order('a1'), ...order('a2'), batch(['a1/2', 'a2/2']));
    expect(worker(alone)).toMatchObject([{ shared: false }]);
    const { shared: _one, ...one } = worker(alone)[0]!;
    const { shared: _ten, ...ten } = worker(together)[0]!;
    expect(ten).toEqual(one);
    expect(together!.hops).toEqual(alone!.hops);
  });

  test('that does not say from where it took, took from where its messages were sent to', () => {
    const [alone] = flowsOf(...order('a1'), batch(['a1/2'], { destination: '' }));
    const both = flowsOf(
      ...order('a1'),
      ...order('a2'),
      batch(['a1/2', 'a2/2'], { destination: '' }),
    );
    for (const flow of [alone!, ...both]) {
      expect(worker(flow)[0]!.typeKey).toBe('worker process pay');
      expect(flow.hops[0]!.message.destination).toBe('pay');
    }
  });

  test('that failed failed in each flow', () => {
    for (const flow of flowsOf(
      ...order('a1'),
      ...order('a2'),
      batch(['a1/2', 'a2/2'], { failed: true }),
    ))
      expect(flow).toMatchObject({
        idleOutcome: 'failed',
        failedSteps: 1,
        steps: [{}, { status: 'failed', error: { message: 'failed' } }],
      });
  });

  test('that failed and was delivered again, together or one by one, is one retried step', () => {
    const flows = flowsOf(
      ...order('a1'),
      ...order('a2'),
      ...order('a3'),
      batch(['a1/2', 'a2/2', 'a3/2'], { failed: true }),
      batch(['a1/2', 'a2/2'], { trace: 'b2', at: 100 }),
      batch(['a3/2'], { trace: 'b3', at: 100 }),
    );
    expect(flows).toHaveLength(3);
    for (const flow of flows)
      expect(worker(flow)).toMatchObject([
        { status: 'retried', shared: true, attempts: [{ status: 'failed' }, { status: 'ok' }] },
      ]);
  });

  test('takes several messages of one flow in one step', () => {
    const second: SpanSketch = {
      trace: 'a1',
      id: '3',
      parent: '1',
      role: 'send',
      service: 'shop',
      at: 20,
      ms: 2,
    };
    const [flow] = flowsOf(...order('a1'), second, ...order('a2'), batch(['a1/3', 'a2/2', 'a1/2']));
    expect(worker(flow)).toHaveLength(1);
    expect(hopsTo(flow!)).toEqual([
      ['delivered', 40],
      ['delivered', 30],
    ]);
    expect(worker(flow)[0]!.causedBy).toHaveLength(2);
  });

  test('takes nothing that it does not name', () => {
    const flows = flowsOf(...order('a1'), ...order('a2'), ...order('a3'), batch(['a1/2', 'a2/2']));
    expect(flows.map((flow) => flow.hops[0]!.state)).toEqual(['delivered', 'delivered', 'waiting']);
    expect(worker(flows[2])).toEqual([]);
  });

  test('is found by the ids of its message, too, and says that its context was broken', () => {
    const [flow] = flowsOf(
      ...order('a1', { message: 'm1' }),
      batch([], { message: 'm1', batch: 5 }),
    );
    expect(flow!.hops[0]).toMatchObject({ state: 'delivered', evidence: [{ kind: 'message-id' }] });
    expect(worker(flow)).toMatchObject([{ shared: true, badges: ['broken-context'] }]);
  });

  test('leads to what follows with evidence of its own, and to nothing else', () => {
    const named = (trace: string, flow: string): SpanSketch[] =>
      order(trace).map((span) => ({ ...span, flow, type: 'order' }));
    const follow = (id: string, over: Partial<SpanSketch> = {}): SpanSketch => ({
      trace: 'b1',
      id,
      parent: '9',
      role: 'send',
      service: 'worker',
      destination: 'ship',
      at: 60,
      ms: 2,
      ...over,
    });
    const flows = flowsOf(
      ...named('a1', 'o1'),
      ...named('a2', 'o2'),
      batch(['a1/2', 'a2/2']),
      { trace: 'b1', id: 'a', parent: '9', service: 'worker', at: 58 },
      follow('b', { flow: 'o1', type: 'order', parent: 'a' }),
      follow('c'),
      { trace: 'c1', id: 'd', role: 'process', service: 'ship', at: 80, links: ['b1/b'] },
    );
    const [one, two] = ['o1', 'o2'].map((key) => flows.find((flow) => flow.key === key)!);
    expect(one!.steps.map(({ service, shared }) => [service, shared])).toEqual([
      ['shop', false],
      ['worker', true],
      ['ship', false],
    ]);
    expect(one!.hops.map(({ from, to }) => [from, to])).toEqual([
      [one!.steps[0]!.id, one!.steps[1]!.id],
      [one!.steps[1]!.id, one!.steps[2]!.id],
    ]);
    expect(two!.steps).toHaveLength(2);
    expect(two!.steps[1]!.spanIds).toEqual([spanId('9')]);
  });

  test('leads to what works on one of its messages, if a link says which one', () => {
    const work = (id: string, links: string[], over: Partial<SpanSketch> = {}): SpanSketch => ({
      trace: 'b1',
      id,
      parent: '8',
      service: 'worker',
      at: 58,
      links,
      ...over,
    });
    const told = { trace: 'b1', role: 'send', service: 'worker', destination: 'ship' } as const;
    const spans: SpanSketch[] = [
      ...order('a1'),
      ...order('a2'),
      batch(['a1/2', 'a2/2']),
      { trace: 'b1', id: '8', parent: '9', service: 'worker', at: 54, ms: 17 },
      // The first message is worked on by an internal span, the second by the send of its answer.
      work('a', ['a1/2']),
      { ...told, id: 'b', parent: 'a', at: 60, ms: 2 },
      { ...told, id: 'c', parent: '8', at: 62, ms: 2, links: ['a2/2'] },
      // Of both messages it is not known which one this is.
      work('e', ['a1/2', 'a2/2']),
      work('f', ['a3/2']),
      { trace: 'c1', id: 'd', role: 'process', service: 'ship', at: 80, links: ['b1/b'] },
      { trace: 'c2', id: 'd', role: 'process', service: 'ship', at: 90, links: ['b1/c'] },
    ];
    for (const all of [spans, spans.toReversed()]) {
      const bench = createBench();
      for (const sketch of all) {
        bench.take([aSpan(sketch)]);
        bench.rest();
      }
      const flows = [...bench.flows().values()].sort((a, b) => (a.id < b.id ? -1 : 1));
      expect(flows.map(({ services }) => services)).toEqual([
        ['ship', 'shop', 'worker'],
        ['ship', 'shop', 'worker'],
      ]);
      expect(flows.map(hopsTo)).toEqual([
        [
          ['delivered', 40],
          ['delivered', 18],
        ],
        [
          ['delivered', 40],
          ['delivered', 26],
        ],
      ]);
      expect(flows.map((flow) => worker(flow).map(({ spanIds }) => spanIds))).toEqual([
        [['9', 'a', 'b'].map(spanId)],
        [['9', 'c'].map(spanId)],
      ]);
    }
  });

  test('failed for the message whose work within it failed at last', () => {
    const work = (id: string, at: number, link: string, failed: boolean): SpanSketch => ({
      ...{ trace: 'b1', id, parent: '9', service: 'worker', at, ms: 3, links: [link], failed },
    });
    const flows = flowsOf(
      ...order('a1'),
      ...order('a2'),
      ...order('a3'),
      batch(['a1/2', 'a2/2', 'a3/2']),
      work('a', 54, 'a1/2', true),
      work('b', 58, 'a2/2', true),
      work('c', 62, 'a2/2', false),
    );
    expect(flows.map((flow) => worker(flow).map(({ status }) => status))).toEqual([
      ['failed'],
      ['ok'],
      ['ok'],
    ]);
  });

  test('whose messages are processed one by one is told by those steps, each in its own time', () => {
    const below = (id: string, at: number, link: string): SpanSketch => ({
      trace: 'b1',
      id,
      parent: '9',
      remote: false,
      role: 'process',
      service: 'worker',
      destination: 'pay',
      at,
      ms: 3,
      links: [link],
    });
    const flows = flowsOf(
      ...order('a1'),
      ...order('a2'),
      ...order('a3'),
      batch(['a1/2', 'a2/2', 'a3/2'], { role: 'receive' }),
      below('3', 55, 'a1/2'),
      below('4', 60, 'a2/2'),
    );
    const told = flows.map((flow) =>
      worker(flow).map((step) => [step.shared, Number(step.end! - step.start) / 1e6]),
    );
    expect(told).toEqual([[[false, 3]], [[false, 3]], [[true, 20]]]);
    expect(flows.map(hopsTo)).toEqual([
      [['delivered', 43]],
      [['delivered', 48]],
      [['delivered', 40]],
    ]);
  });

  test('taken by a clock that is behind waited nothing, and says so', () => {
    for (const flow of flowsOf(
      ...order('a1'),
      ...order('a2'),
      batch(['a1/2', 'a2/2'], { at: -4990 }),
    )) {
      expect(worker(flow)).toMatchObject([{ skewMs: 5000, badges: ['clock-skew'] }]);
      expect(flow.hops).toMatchObject([{ waitMs: 0, skewed: true }]);
    }
  });

  test('is one of each run whose messages it took', () => {
    const run = (trace: string, at: number): SpanSketch[] => [
      { trace, id: '5', role: 'event', milestone: 'flow-started', flow: 'o', type: 't', at, ms: 0 },
      ...order(trace, { at: at + 10 }).map((span) => ({
        ...span,
        at: span.at ?? at,
        flow: 'o',
        type: 't',
      })),
      {
        trace,
        id: '6',
        role: 'event',
        milestone: 'flow-completed',
        outcome: 'completed',
        flow: 'o',
        type: 't',
        at: at + 20,
        ms: 0,
      },
    ];
    const flows = flowsOf(
      ...run('a1', 0),
      ...run('a2', 100),
      ...order('a3'),
      batch(['a1/2', 'a2/2', 'a3/2'], { at: 200 }),
    );
    expect(flows.map((flow) => [flow.run, worker(flow).length, hopsTo(flow)])).toEqual(
      expect.arrayContaining([
        [1, 1, [['delivered', 188]]],
        [2, 1, [['delivered', 88]]],
      ]),
    );
  });

  test('that left memory is known when an order comes back, and when the last one comes at all', () => {
    const bench = createBench();
    const take = (...sketches: SpanSketch[]): void => {
      bench.take(sketches.map(aSpan));
      bench.rest();
      bench.restart();
    };
    take(batch(['a1/2', 'a2/2', 'a3/2'], { failed: true }));
    take(...order('a1'));
    take(...order('a2'));
    take(...order('a3'));
    take({ trace: 'a2', id: '7', parent: '1', service: 'shop', at: 15 });
    const flows = [...bench.flows().values()];
    expect(flows.map((flow) => flow.id).sort()).toEqual(['a1', 'a2', 'a3'].map(traceId));
    for (const flow of flows)
      expect(worker(flow)).toMatchObject([
        { status: 'failed', shared: true, spanIds: [spanId('9')] },
      ]);
  });

  test('that is back in memory without its messages is shared, whatever comes late below its work', () => {
    const bench = createBench();
    const take = (...sketches: SpanSketch[]): void => {
      bench.take(sketches.map(aSpan));
      bench.rest();
    };
    const within = (id: string, parent: string): SpanSketch => ({
      trace: 'b1',
      id,
      parent,
      service: 'worker',
      at: 60,
    });
    take(...order('a1'), ...order('a2'), batch(['a1/2', 'a2/2']), within('a', '9'));
    // Another message of the first order brings back that order and the batch, not the other order.
    take({ ...order('a1')[1]!, id: '3' });
    take(within('b', 'a'));
    const flows = [...bench.flows().values()];
    expect(flows.map((flow) => flow.id).sort()).toEqual(['a1', 'a2'].map(traceId));
    for (const flow of flows) expect(worker(flow)).toMatchObject([{ shared: true }]);
  });
});
