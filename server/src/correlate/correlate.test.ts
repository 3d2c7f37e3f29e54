import { describe, expect, test } from 'vitest';
import { silentLog } from '../base/log.ts';
import type { Flow } from '../model/flow.ts';
import { aSpan, spanId, traceId, type SpanSketch } from '../testing/builders.ts';
import { createBench, flowsOf } from '../testing/correlator-harness.ts';

/** Each test covers one rule: the smallest trace that breaks when the rule is removed. */
const withSpan = (flows: Flow[], path: string): Flow[] => {
  const [trace = '', id = ''] = path.split('/');
  return flows.filter((flow) => flow.members.includes(traceId(trace) + spanId(id)));
};
const only = (flows: Flow[], path: string): Flow => {
  const found = withSpan(flows, path);
  expect(found, `flows that hold ${path}`).toHaveLength(1);
  return found[0]!;
};

describe('causes', () => {
  test('a process span joins the flow of the send that it links to, across traces', () => {
    const flows = flowsOf(
      { trace: 'a1', id: '1', role: 'send', service: 'shop' },
      { trace: 'b1', id: '2', role: 'process', service: 'ship', at: 30, links: ['a1/1'] },
    );
    expect(flows).toHaveLength(1);
    expect(flows[0]!.hops[0]).toMatchObject({
      state: 'delivered',
      waitMs: 20,
      evidence: [{ kind: 'link' }],
    });
  });

  test('parent and link to the same send are one edge', () => {
    const [flow] = flowsOf(
      { trace: 'a1', id: '1', role: 'send' },
      {
        trace: 'a1',
        id: '2',
        role: 'process',
        service: 'b',
        parent: '1',
        remote: true,
        at: 20,
        links: ['a1/1'],
      },
    );
    expect(flow!.hops).toHaveLength(1);
    expect(flow!.hops[0]!.evidence.map((e) => e.kind)).toEqual(['parent', 'link']);
  });

  test('kafkajs eachBatch with a linkless poll: each message stays in its own flow', () => {
    const flows = flowsOf(
      { trace: 'a1', id: '1', role: 'send', service: 'shop' },
      { trace: 'a2', id: '2', role: 'send', service: 'shop' },
      { trace: 'c0', id: '9', role: 'receive', service: 'ship', at: 20, ms: 50 },
      {
        trace: 'c0',
        id: '3',
        parent: '9',
        remote: false,
        role: 'process',
        service: 'ship',
        at: 21,
        links: ['a1/1'],
      },
      {
        trace: 'c0',
        id: '4',
        parent: '9',
        remote: false,
        role: 'process',
        service: 'ship',
        at: 22,
        links: ['a2/2'],
      },
    );
    expect(flows).toHaveLength(2);
    expect(only(flows, 'c0/3').id).toBe(traceId('a1'));
    expect(only(flows, 'c0/4').id).toBe(traceId('a2'));
    expect(withSpan(flows, 'c0/9')).toHaveLength(0);
    for (const flow of flows) expect(flow.context).toContain(traceId('c0') + spanId('9'));
  });

  test('a batch send with N consumers does not glue them together', () => {
    const flows = flowsOf(
      { trace: 'a1', id: '1', role: 'send', batch: 2 },
      { trace: 'b1', id: '2', role: 'receive', service: 'x', at: 20, links: ['a1/1'] },
      { trace: 'b2', id: '3', role: 'receive', service: 'y', at: 25, links: ['a1/1'] },
    );
    expect(only(flows, 'b1/2').id).not.toBe(only(flows, 'b2/3').id);
    expect(flows.every((flow) => flow.hops.every((hop) => hop.state !== 'waiting'))).toBe(true);
  });

  test('a batch consumer is shared: shown in both flows, a bridge to neither', () => {
    const flows = flowsOf(
      { trace: 'a1', id: '1', role: 'send' },
      { trace: 'a2', id: '2', role: 'send' },
      { trace: 'b1', id: '3', role: 'process', service: 'b', at: 20, links: ['a1/1', 'a2/2'] },
      { trace: 'b1', id: '4', parent: '3', role: 'send', service: 'b', at: 22 },
      { trace: 'b1', id: '5', parent: '4', remote: true, role: 'process', service: 'c', at: 40 },
    );
    expect(flows.map((flow) => flow.id)).toEqual([traceId('a1'), traceId('a2')]);
    for (const flow of flows) {
      expect(flow.context).toContain(traceId('b1') + spanId('3'));
      expect(flow.unattributed.map((span) => span.spanId)).toContain(spanId('5'));
    }
  });

  test('a join whose two causes are in one flow belongs to that flow', () => {
    const flows = flowsOf(
      { trace: 'a1', id: '1', service: 'shop' },
      { trace: 'a1', id: '2', parent: '1', role: 'send', service: 'shop', destination: 'pay' },
      { trace: 'a1', id: '3', parent: '1', role: 'send', service: 'shop', destination: 'stock' },
      { trace: 'b1', id: '4', role: 'process', service: 'join', at: 20, links: ['a1/2', 'a1/3'] },
    );
    expect(flows).toHaveLength(1);
    expect(flows[0]!.steps.find((step) => step.service === 'join')!.causedBy).toHaveLength(2);
  });

  test('a process span that names nothing takes the message of the receive span around it', () => {
    const flows = flowsOf(
      { trace: 'a1', id: '1', role: 'server', service: 'shop' },
      { trace: 'a1', id: '2', parent: '1', role: 'send', service: 'shop', at: 1, ms: 1 },
      { trace: 'b1', id: '3', role: 'receive', service: 'pay', at: 20, links: ['a1/2'] },
      { trace: 'b1', id: '4', parent: '3', role: 'process', service: 'pay', at: 21, failed: true },
      { trace: 'b2', id: '5', role: 'receive', service: 'pay', at: 40, links: ['a1/2'] },
      { trace: 'b2', id: '6', parent: '5', role: 'process', service: 'pay', at: 41 },
      { trace: 'b2', id: '7', parent: '6', role: 'send', service: 'pay', at: 42 },
      { trace: 'b2', id: '8', parent: '7', remote: true, role: 'process', service: 'ship', at: 60 },
    );
    expect(flows).toHaveLength(1);
    expect(flows[0]!.badges).toEqual([]);
    expect(flows[0]!.hops.map((hop) => [hop.state, hop.waitMs])).toEqual([
      ['delivered', 19],
      ['delivered', 8],
    ]);
    expect(flows[0]!.steps.map((step) => [step.service, step.status])).toEqual([
      ['shop', 'ok'],
      ['pay', 'retried'],
      ['ship', 'ok'],
    ]);
  });

  test('creation and previous-attempt links: only the creation joins', () => {
    const flows = flowsOf(
      { trace: 'a1', id: '1', role: 'create' },
      { trace: 'f1', id: '8', role: 'process', service: 'other' },
      { trace: 'b1', id: '2', role: 'process', service: 'b', at: 20, links: ['a1/1', 'f1/8'] },
    );
    expect(only(flows, 'b1/2').id).toBe(traceId('a1'));
    expect(only(flows, 'f1/8').id).toBe(traceId('f1'));
    expect(only(flows, 'b1/2').relations).toContainEqual(
      expect.objectContaining({ kind: 'link', target: traceId('f1') + spanId('8') }),
    );
  });

  test('a link of a span that is no consumer (previous_trace) is a relation, not a cause', () => {
    const flows = flowsOf(
      { trace: 'a1', id: '1', role: 'server' },
      { trace: 'b1', id: '2', role: 'server', links: ['a1/1'] },
    );
    expect(flows).toHaveLength(2);
  });

  test('a poll span with one processed message belongs to that message’s flow', () => {
    const flows = flowsOf(
      { trace: 'a1', id: '1', role: 'send' },
      { trace: 'b1', id: '2', role: 'receive', service: 'b', at: 19 },
      {
        trace: 'b1',
        id: '3',
        parent: '2',
        remote: false,
        role: 'process',
        service: 'b',
        at: 20,
        links: ['a1/1'],
      },
    );
    expect(flows).toHaveLength(1);
    expect(flows[0]!.steps).toHaveLength(2);
  });
});

describe('identity', () => {
  const order = (over: Partial<SpanSketch> & { trace: string; id: string }): SpanSketch => ({
    flow: 'order-42',
    type: 'order',
    ...over,
  });

  test('spans of one explicit id are one flow, however unconnected', () => {
    expect(flowsOf(order({ trace: 'a1', id: '1' }), order({ trace: 'b1', id: '2' }))).toHaveLength(
      1,
    );
  });

  test('order 42 in staging and production are two flows', () => {
    const flows = flowsOf(
      order({ trace: 'a1', id: '1', env: 'staging' }),
      order({ trace: 'b1', id: '2', env: 'prod' }),
    );
    expect(flows).toHaveLength(2);
  });

  test('a missing type adopts the only type known for its id', () => {
    const flows = flowsOf(order({ trace: 'a1', id: '1' }), {
      trace: 'b1',
      id: '2',
      flow: 'order-42',
    });
    expect(flows).toHaveLength(1);
    const three = flowsOf(
      order({ trace: 'a1', id: '1' }),
      order({ trace: 'c1', id: '3', type: 'invoice' }),
      {
        trace: 'b1',
        id: '2',
        flow: 'order-42',
      },
    );
    expect(three).toHaveLength(3);
  });

  test('two flows with different explicit ids are never merged (I9)', () => {
    const flows = flowsOf(order({ trace: 'a1', id: '1', role: 'send' }), {
      trace: 'b1',
      id: '2',
      role: 'process',
      flow: 'order-43',
      type: 'order',
      service: 'b',
      at: 20,
      links: ['a1/1'],
    });
    expect(flows).toHaveLength(2);
    expect(only(flows, 'b1/2').relations).toContainEqual(
      expect.objectContaining({ kind: 'caused-by' }),
    );
    expect(only(flows, 'a1/1').relations).toContainEqual(
      expect.objectContaining({ kind: 'causes' }),
    );
  });

  test('a leaked ambient id does not move an order into another one', () => {
    const flows = flowsOf(order({ trace: 'a1', id: '1', role: 'send' }), {
      trace: 'b1',
      id: '2',
      role: 'process',
      flow: 'order-41',
      type: 'order',
      source: 'ambient',
      service: 'b',
      at: 20,
      links: ['a1/1'],
    });
    const flow = only(flows, 'b1/2');
    expect(flow.key).toBe('order-42');
    expect(flow.badges).toContain('broken-context');
  });

  test('a root without id takes the one id below it, and is shared above two', () => {
    const one = flowsOf(
      { trace: 'a1', id: '1', role: 'server' },
      order({ trace: 'a1', id: '2', parent: '1', role: 'send' }),
    );
    expect(one).toHaveLength(1);
    expect(one[0]!.steps).toHaveLength(1);
    const two = flowsOf(
      { trace: 'a1', id: '1', service: 'cron' },
      order({ trace: 'a1', id: '2', parent: '1', role: 'send' }),
      order({ trace: 'a1', id: '3', parent: '1', role: 'send', flow: 'order-43' }),
    );
    expect(two).toHaveLength(2);
    expect(withSpan(two, 'a1/1')).toHaveLength(0);
  });

  test('a consumer without context joins by message id and says so', () => {
    const [flow, ...others] = flowsOf(
      { trace: 'a1', id: '1', role: 'send', message: 'm1' },
      { trace: 'b1', id: '2', role: 'process', service: 'b', message: 'm1', at: 20 },
    );
    expect(others).toHaveLength(0);
    expect(flow!.badges).toContain('broken-context');
    expect(flow!.hops[0]!.evidence[0]!.kind).toBe('message-id');
  });

  test('a poison message stays one flow however often it is delivered without context', () => {
    const flows = flowsOf(
      { trace: 'a1', id: '1', role: 'send', service: 'shop', message: 'm1' },
      ...Array.from({ length: 40 }, (_, i): SpanSketch[] => [
        {
          trace: `b${i}`,
          id: `1${i}`,
          role: 'process',
          service: 'pay',
          at: 100 * i,
          message: 'm1',
          failed: true,
        },
        {
          trace: `b${i}`,
          id: `2${i}`,
          parent: `1${i}`,
          role: 'settle',
          service: 'pay',
          at: 100 * i,
          message: 'm1',
        },
      ]).flat(),
    );
    expect(flows).toHaveLength(1);
    expect(flows[0]!.steps[1]!.attempts).toHaveLength(40);
  });

  test('an id under which more was sent than one message can explain joins nothing', () => {
    const flows = flowsOf(
      ...Array.from({ length: 40 }, (_, i): SpanSketch => ({
        trace: `a${i}`,
        id: '1',
        role: 'send',
        message: 'm1',
      })),
      { trace: 'b1', id: '2', role: 'process', service: 'pay', at: 100, message: 'm1' },
    );
    expect(flows).toHaveLength(41);
  });

  test('a service that reads its own dead-letter queue has not processed what failed', () => {
    const take: Omit<SpanSketch, 'trace' | 'id'> = {
      role: 'process',
      message: 'm1',
      service: 'mail',
    };
    const [flow] = flowsOf(
      { trace: 'a1', id: '1', role: 'send', message: 'm1', at: 0 },
      { trace: 'b1', id: '2', ...take, failed: true, at: 20 },
      { trace: 'b1', id: '3', ...take, failed: true, at: 30 },
      { trace: 'c1', id: '4', ...take, dead: true, destination: 'dlq', at: 40 },
    );
    expect(flow!.steps.slice(1).map(({ status, attempts }) => [status, attempts.length])).toEqual([
      ['failed', 2],
      ['ok', 1],
    ]);
  });

  test('a republish to a dead-letter queue keeps its original identity', () => {
    const flows = flowsOf(
      { trace: 'a1', id: '1', role: 'send', message: 'm1' },
      {
        trace: 'b1',
        id: '2',
        role: 'process',
        service: 'b',
        message: 'm1',
        at: 20,
        failed: true,
        links: ['a1/1'],
      },
      {
        trace: 'b1',
        id: '3',
        parent: '2',
        role: 'send',
        service: 'b',
        message: 'm1',
        destination: 'dlq',
        at: 25,
      },
      {
        trace: 'c1',
        id: '4',
        role: 'process',
        service: 'dead',
        message: 'm1',
        destination: 'dlq',
        at: 40,
      },
    );
    expect(flows).toHaveLength(1);
  });

  test('ids restarting at 1: the same message id of two brokers’ lives joins nothing', () => {
    const week = 8 * 24 * 3_600_000;
    const flows = flowsOf(
      { trace: 'a1', id: '1', role: 'send', message: '1' },
      { trace: 'b1', id: '2', role: 'process', service: 'b', message: '1', at: week },
    );
    expect(flows).toHaveLength(2);
    const twice = flowsOf(
      { trace: 'a1', id: '1', role: 'send', message: '1' },
      { trace: 'a2', id: '2', role: 'send', message: '1' },
      { trace: 'b1', id: '3', role: 'process', service: 'b', message: '1', at: 50 },
    );
    expect(twice).toHaveLength(3);
  });

  test('identity keys join, search keys only find', () => {
    const key = (value: string): Partial<SpanSketch> => ({ identities: [`order.id\0${value}`] });
    expect(
      flowsOf({ trace: 'a1', id: '1', ...key('7') }, { trace: 'b1', id: '2', ...key('7') }),
    ).toHaveLength(1);
    expect(
      flowsOf({ trace: 'a1', id: '1', ...key('7') }, { trace: 'b1', id: '2', ...key('8') }),
    ).toHaveLength(2);
    const customer: Partial<SpanSketch> = { keys: [['customer.id', 'c1']] };
    expect(
      flowsOf({ trace: 'a1', id: '1', ...customer }, { trace: 'b1', id: '2', ...customer }),
    ).toHaveLength(2);
  });

  test('a conversation over two orders does not undo what their identity keys join', () => {
    const flows = flowsOf(
      { trace: 'a1', id: '1', identities: ['order.id\x001'] },
      { trace: 'a1', id: '2', parent: '1', role: 'send', conversation: 'session' },
      { trace: 'a2', id: '3', identities: ['order.id\x001'] },
      { trace: 'b1', id: '4', identities: ['order.id\x002'] },
      { trace: 'b1', id: '5', parent: '4', role: 'send', conversation: 'session' },
      { trace: 'b2', id: '6', identities: ['order.id\x002'] },
      { trace: 'c1', id: '7', role: 'send', conversation: 'other' },
      { trace: 'c2', id: '8', role: 'send', conversation: 'other' },
    );
    expect(flows.map((flow) => flow.id)).toEqual([traceId('a1'), traceId('b1'), traceId('c1')]);
  });

  test('a soft group that touches two explicit flows becomes relations (I9)', () => {
    const flows = flowsOf(
      { trace: 'a1', id: '1', flow: 'o1', type: 't', identities: ['k\u00001'] },
      { trace: 'b1', id: '2', flow: 'o2', type: 't', identities: ['k\u00001'] },
      { trace: 'c1', id: '3', identities: ['k\u00001'] },
    );
    expect(flows).toHaveLength(3);
    const joined = flowsOf(
      { trace: 'a1', id: '1', flow: 'o1', type: 't', identities: ['k\u00001'] },
      { trace: 'c1', id: '3', identities: ['k\u00001'] },
    );
    expect(joined).toHaveLength(1);
  });
});

describe('change', () => {
  test('a late span splits a flow: the old name becomes a tombstone that points on', () => {
    const bench = createBench();
    bench.take([
      aSpan({ trace: 'a1', id: '1', role: 'send' }),
      aSpan({
        trace: 'b1',
        id: '2',
        role: 'process',
        service: 'b',
        at: 20,
        links: ['a1/1', 'a0/9'],
      }),
    ]);
    expect([...bench.flows().keys()]).toEqual([traceId('a1')]);
    bench.take([aSpan({ trace: 'a0', id: '9', role: 'send' })]);
    expect([...bench.flows().keys()].sort()).toEqual([traceId('a0'), traceId('a1')]);

    const renamed = createBench();
    renamed.take([aSpan({ trace: 'c1', id: '1', role: 'send' })]);
    renamed.take([
      aSpan({
        trace: 'd1',
        id: '2',
        role: 'process',
        service: 'b',
        flow: 'x',
        at: 20,
        links: ['c1/1'],
      }),
    ]);
    expect(renamed.flows().size).toBe(1);
    const [flow] = renamed.flows().values();
    expect(renamed.tombstones.get(traceId('c1'))).toBe(flow!.id);
  });

  test('a new run starts only at a start after an end', () => {
    const start = (at: number, trace: string): SpanSketch => ({
      trace,
      id: '1',
      role: 'event',
      milestone: 'flow-started',
      flow: 'o',
      type: 't',
      at,
      ms: 0,
    });
    const end = (at: number, trace: string): SpanSketch => ({
      trace,
      id: '2',
      role: 'event',
      milestone: 'flow-completed',
      outcome: 'completed',
      flow: 'o',
      type: 't',
      at,
      ms: 0,
    });
    expect(
      flowsOf(start(0, 'a1'), end(50, 'a1'), start(100, 'b1'))
        .map((flow) => flow.run)
        .sort(),
    ).toEqual([1, 2]);
    expect(flowsOf(start(0, 'a1'), start(100, 'b1'), end(150, 'b1'))).toHaveLength(1);
  });

  test('where an operator wants it, a quiet of a day begins a new run, but not between a message and who takes it', () => {
    const DAY_MS = 86_400_000;
    const spans = [
      aSpan({ trace: 'a1', id: '1', flow: 'o', type: 't', at: 0 }),
      aSpan({ trace: 'a1', id: '2', parent: '1', role: 'send', message: 'm', at: 5 }),
      aSpan({ trace: 'b1', id: '3', flow: 'o', type: 't', at: 2 * DAY_MS }),
      aSpan({ trace: 'c1', id: '4', role: 'process', message: 'm', at: 4 * DAY_MS }),
      aSpan({ trace: 'd1', id: '5', flow: 'o', type: 't', at: 4.5 * DAY_MS }),
    ];
    const runsWith = (runQuietMs: number): string[][] => {
      const bench = createBench({ runQuietMs });
      bench.take(spans);
      return [...bench.flows().values()]
        .sort((a, b) => a.run - b.run)
        .map(({ members }) => members.map((key) => key.slice(-1)).sort());
    };
    expect(runsWith(DAY_MS)).toEqual([
      ['1', '2', '4'],
      ['3', '5'],
    ]);
    expect(runsWith(3 * DAY_MS)).toEqual([['1', '2', '3', '4', '5']]);
    expect(runsWith(0)).toEqual([['1', '2', '3', '4', '5']]);
  });

  test('a flow that cannot be projected keeps no other from being projected, and is projected as soon as it can', () => {
    const faults: string[] = [];
    let isBroken = true;
    const bench = createBench({
      assess(flow) {
        if (isBroken && flow.flowId === 'broken') throw new Error('a fault');
        return flow;
      },
      log: {
        ...silentLog,
        error(fields) {
          const { detail, key } = fields as { detail: string; key: string };
          faults.push(`${detail} ${key.split('\0')[2]}`);
        },
      },
    });
    const shown = (): string[] => [...bench.flows().values()].map(({ flowId }) => flowId).sort();
    bench.take([
      aSpan({ trace: '1', id: '1', flow: 'broken', type: 't' }),
      aSpan({ trace: '2', id: '2', flow: 'sound', type: 't' }),
    ]);
    expect([shown(), faults]).toEqual([['sound'], ['a fault broken']]);
    isBroken = false;
    bench.take([aSpan({ trace: '3', id: '3', flow: 'broken', type: 't' })]);
    expect(shown()).toEqual(['broken', 'sound']);
  });

  test('what was handed over in one run is no relation of the other', () => {
    const marked = (
      trace: string,
      id: string,
      at: number,
      over: Partial<SpanSketch>,
    ): SpanSketch => ({
      trace,
      id,
      at,
      ms: 0,
      role: 'event',
      flow: 'o',
      type: 't',
      ...over,
    });
    const handsOver = (trace: string, at: number, child: string): SpanSketch[] => [
      marked(trace, '1', at, { milestone: 'flow-started' }),
      { trace, id: '2', at: at + 1, flow: 'o', type: 't' },
      { trace, id: '3', parent: '2', role: 'send', at: at + 2 },
      {
        trace,
        id: '4',
        parent: '3',
        remote: true,
        role: 'process',
        service: 'b',
        at: at + 9,
        flow: child,
        type: 'c',
      },
    ];
    const flows = flowsOf(
      ...handsOver('a1', 0, 'x'),
      marked('a1', '5', 200, { milestone: 'flow-completed', outcome: 'completed' }),
      ...handsOver('a2', 1000, 'y'),
    );
    const causes = (run: number): string[] =>
      flows
        .find((flow) => flow.flowId === 'o' && flow.run === run)!
        .relations.flatMap((one) =>
          one.kind === 'causes' ? [flows.find(({ id }) => id === one.flowId)!.flowId] : [],
        );
    expect([causes(1), causes(2)]).toEqual([['x'], ['y']]);
  });

  test('a flow that comes back while another leaves comes back whole', () => {
    const bench = createBench();
    const order = (trace: string, flow: string, at = 0): SpanSketch => ({
      trace,
      id: '1',
      flow,
      type: 't',
      at,
    });
    bench.take([aSpan(order('a1', 'a'))]);
    bench.clock.advance(61_000);
    bench.take([aSpan({ ...order('b1', 'b'), received: bench.clock.now() })]);
    bench.clock.advance(61_000);
    bench.take([aSpan({ ...order('a2', 'a', 100), received: bench.clock.now() })]);
    const [flow] = [...bench.flows().values()].filter((one) => one.flowId === 'a');
    expect(flow!.spanCount).toBe(2);
  });

  test('a flow is given up within a span that has not ended: the step has not failed by that', () => {
    const said = (milestone: 'flow-failed' | 'step-started' | 'step-failed'): SpanSketch => ({
      trace: 'a1',
      id: milestone,
      parent: '1',
      role: 'event',
      milestone,
      ...(milestone === 'flow-failed' && { outcome: 'failed' as const }),
      failed: milestone.endsWith('failed'),
      flow: 'o',
      type: 't',
      ms: 0,
    });
    const [alone] = flowsOf(said('flow-failed'));
    expect([alone!.outcome, alone!.steps.map((step) => step.status)]).toEqual(['failed', ['ok']]);
    const [running] = flowsOf(said('step-started'), said('flow-failed'));
    expect(running!.steps.map((step) => step.status)).toEqual(['running']);
    const [failed] = flowsOf(said('step-started'), said('step-failed'));
    expect(failed!.steps.map((step) => step.status)).toEqual(['failed']);
  });

  test.each<[string, Partial<SpanSketch>, boolean]>([
    ['work inside is over by then', { at: 5, ms: 30 }, false],
    ['what a clock cuts off is not after it', { at: 5, ms: 32.9 }, false],
    ['work of its own that goes on', { at: 5, ms: 300_000 }, true],
    ['work of its own that begins later', { at: 60_000, ms: 10 }, true],
    ['a step of its own that goes on', { at: 5, ms: 60, step: { name: 'pack' } }, true],
    ['work of another that is longer than the request', { service: 'b', at: 5, ms: 60 }, true],
    ['work of another that a clock may explain', { service: 'b', at: 20, ms: 30 }, false],
    ['work of another that no clock explains', { service: 'b', at: 5000, ms: 30 }, true],
  ])('a request is answered when its root ends: %s', (_what, below, goesOn) => {
    const [flow] = flowsOf(
      { trace: 'a1', id: '1', role: 'server', ms: 37 },
      { trace: 'a1', id: '2', parent: '1', ...below },
    );
    expect(flow).toMatchObject({ outcome: 'completed', durationMs: 37 });
    expect(flow!.badges).toEqual(goesOn ? ['work-after-answer'] : []);
  });

  test('no receive precedes its send; the skew is shown and travels downstream', () => {
    const [flow] = flowsOf(
      { trace: 'a1', id: '1', role: 'send', at: 1000 },
      { trace: 'b1', id: '2', role: 'process', service: 'b', at: -4000, ms: 100, links: ['a1/1'] },
      { trace: 'b1', id: '3', parent: '2', role: 'send', service: 'b', at: -3950 },
      { trace: 'c1', id: '4', role: 'process', service: 'c', at: 1100, links: ['b1/3'] },
    );
    const [a, b, c] = flow!.steps;
    expect([a!.service, b!.service, c!.service]).toEqual(['svc', 'b', 'c']);
    expect(b!.skewMs).toBe(5000);
    expect(c!.skewMs).toBe(0);
    expect(flow!.hops.every((hop) => hop.waitMs! >= 0)).toBe(true);
    expect(flow!.badges).toContain('clock-skew');
  });

  test('what a called service with a slow clock sends has waited since it was sent', () => {
    const [flow] = flowsOf(
      { trace: 'a1', id: '1', role: 'server', service: 'shop', at: 0, ms: 100 },
      { trace: 'a1', id: '2', parent: '1', role: 'client', service: 'shop', at: 10, ms: 50 },
      { trace: 'a1', id: '3', parent: '2', role: 'server', service: 'b', at: -9980, ms: 30 },
      { trace: 'a1', id: '4', parent: '3', role: 'send', service: 'b', at: -9970, ms: 5 },
      {
        trace: 'a1',
        id: '5',
        parent: '4',
        remote: true,
        role: 'process',
        service: 'c',
        at: 50,
        ms: 5,
      },
    );
    // By the caller's clock the callee began at 10 ms, so its send lasted from 20 to 25 ms. The
    // message was taken at 50 ms, so it waited 25 ms.
    expect(flow!.hops.find((hop) => !hop.sync)).toMatchObject({ waitMs: 25 });
  });

  test('failed attempt then success is one retried step; two successes are duplicate processing', () => {
    const send: SpanSketch = { trace: 'a1', id: '1', role: 'send', message: 'm' };
    const attempt = (id: string, at: number, failed: boolean): SpanSketch => ({
      trace: `b${id}`,
      id,
      role: 'process',
      service: 'b',
      message: 'm',
      at,
      failed,
      links: ['a1/1'],
    });
    const [retried] = flowsOf(send, attempt('2', 20, true), attempt('3', 60, false));
    expect(retried!.steps[1]).toMatchObject({
      status: 'retried',
      attempts: [{ number: 1 }, { number: 2 }],
    });
    const [twice] = flowsOf(send, attempt('2', 20, false), attempt('3', 60, false));
    expect(twice!.badges).toContain('duplicate-processing');
    // The failed attempt has the later time, because its clock runs ahead. The stated attempt
    // numbers decide which attempt was the last.
    const stated = (id: string, at: number, failed: boolean, number: number): SpanSketch => ({
      ...attempt(id, at, failed),
      step: { attempt: number },
    });
    const [ahead] = flowsOf(send, stated('2', 5000, true, 1), stated('3', 60, false, 2));
    expect(ahead!.steps[1]).toMatchObject({ status: 'retried', badges: [] });
  });

  test('who puts a message into a retry queue has not processed it', () => {
    const again: SpanSketch = {
      trace: 'b1',
      id: '3',
      parent: '2',
      role: 'send',
      service: 'b',
      message: 'm',
      destination: 'retry',
      at: 25,
    };
    const [flow] = flowsOf(
      { trace: 'a1', id: '1', role: 'send', message: 'm' },
      {
        trace: 'b1',
        id: '2',
        role: 'process',
        service: 'b',
        message: 'm',
        at: 20,
        links: ['a1/1'],
      },
      again,
      {
        trace: 'b2',
        id: '4',
        role: 'process',
        service: 'b',
        message: 'm',
        at: 60,
        links: ['a1/1'],
      },
    );
    expect(flow!.steps[1]).toMatchObject({ status: 'retried', badges: [] });
  });

  test('messages that one span sent are steps of their own, not attempts', () => {
    const taken = (id: string, position: string): SpanSketch => ({
      trace: `b${id}`,
      id,
      role: 'process',
      service: 'b',
      at: 20 + Number(id),
      links: ['a1/1'],
      flow: 'o',
      type: 't',
      position,
    });
    const [flow] = flowsOf(
      { trace: 'a1', id: '1', role: 'send', batch: 3, flow: 'o', type: 't' },
      taken('2', 'q/0/1'),
      taken('3', 'q/0/2'),
      taken('4', 'q/0/2'),
      taken('5', ''),
    );
    expect(flow!.steps.slice(1).map((step) => step.attempts.length)).toEqual([1, 2, 1]);
  });

  test('cycles, missing parents and self-links are shown, never fatal', () => {
    const flows = flowsOf(
      { trace: 'a1', id: '1', parent: '2' },
      { trace: 'a1', id: '2', parent: '1' },
      { trace: 'b1', id: '3', parent: '3' },
      { trace: 'c1', id: '4', role: 'process', links: ['c1/4'] },
      { trace: 'd1', id: '5', parent: 'ff' },
      { trace: 'e1', id: '6', role: 'send', parent: '7' },
      { trace: 'e1', id: '7', role: 'process', links: ['e1/6'] },
    );
    expect(flows.length).toBeGreaterThanOrEqual(5);
    expect(only(flows, 'a1/1').badges).toContain('cycle');
    expect(only(flows, 'd1/5').badges).toContain('missing-parent');
  });

  test('quiet flows, and shared spans that belong to none, leave memory; a late span brings its flow back', () => {
    const bench = createBench();
    bench.take(
      [
        { trace: 'a1', id: '1', role: 'send' as const },
        { trace: 'a2', id: '2', role: 'send' as const },
        {
          trace: 'b1',
          id: '3',
          role: 'process' as const,
          service: 'b',
          at: 20,
          links: ['a1/1', 'a2/2'],
        },
        { trace: 'c1', id: '9', role: 'receive' as const, batch: 5, links: ['d1/7', 'd2/8'] },
      ].map(aSpan),
    );
    bench.rest();
    expect(bench.correlator.spansInMemory).toBe(0);
    bench.take([
      aSpan({ trace: 'e1', id: '4', role: 'process', service: 'late', at: 50, links: ['a1/1'] }),
    ]);
    expect(
      bench
        .flows()
        .get(traceId('a1'))!
        .steps.map((step) => step.service),
    ).toEqual(['svc', 'b', 'late']);
  });

  test('runs of a flow without id come back together: a late start between two of them renumbers the later', () => {
    const first = [
      aSpan({ trace: '1', id: '1', at: 0, ms: 100 }),
      aSpan({ trace: '1', id: '2', parent: '1', role: 'send', at: 5 }),
      aSpan({
        trace: '1',
        id: '3',
        parent: '1',
        role: 'event',
        milestone: 'flow-completed',
        outcome: 'completed',
        at: 10,
        ms: 0,
      }),
      aSpan({ trace: '1', id: '4', parent: '1', role: 'send', at: 12 }),
      aSpan({ trace: '2', id: '5', links: ['1/2'], service: 'b', role: 'process', at: 40 }),
      aSpan({
        trace: '2',
        id: '6',
        parent: '5',
        role: 'event',
        milestone: 'flow-started',
        at: 41,
        ms: 0,
      }),
    ];
    const late = [
      aSpan({ trace: '3', id: '7', links: ['1/4'], service: 'c', role: 'process', at: 20 }),
      aSpan({
        trace: '3',
        id: '8',
        parent: '7',
        role: 'event',
        milestone: 'flow-started',
        at: 21,
        ms: 0,
      }),
    ];
    const membersOf = (bench: ReturnType<typeof createBench>): [string, string[]][] =>
      [...bench.flows()]
        .map(([id, { members }]): [string, string[]] => [id, [...members].sort()])
        .sort();
    const atOnce = createBench();
    atOnce.take([...first, ...late]);
    const inBetween = createBench();
    inBetween.take(first);
    inBetween.rest();
    inBetween.take(late);
    inBetween.rest();
    expect(membersOf(inBetween)).toEqual(membersOf(atOnce));
    expect(membersOf(atOnce)).toHaveLength(2);
  });
});
