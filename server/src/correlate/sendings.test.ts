import { describe, expect, test } from 'vitest';
import type { Flow, Hop } from '../model/flow.ts';
import { aSpan, type SpanSketch } from '../testing/builders.ts';
import { createBench } from '../testing/correlator-harness.ts';

/**
 * Tests clients whose layers each record a send span. They sent one message, however many spans
 * there are.
 */
const hopsOf = (...sketches: SpanSketch[]): Pick<Hop, 'state' | 'evidence'>[] => {
  const bench = createBench();
  bench.take(sketches.map(aSpan));
  expect(bench.flows().size).toBe(1);
  return [...bench.flows().values()][0]!.hops;
};
const statesOf = (...sketches: SpanSketch[]): string[] =>
  hopsOf(...sketches).map(({ state }) => state);

describe('a send within a send to the same destination is the same sending', () => {
  const root: SpanSketch = { trace: 'a1', id: '1', service: 'shop' };
  const send = (id: string, parent: string, more: Partial<SpanSketch> = {}): SpanSketch => ({
    trace: 'a1',
    id,
    parent,
    role: 'send',
    service: 'shop',
    at: Number(id),
    ...more,
  });
  const take = (id: string, parent: string): SpanSketch => ({
    trace: 'a1',
    id,
    parent,
    remote: true,
    role: 'process',
    service: 'pay',
    at: 40,
  });
  const nested = [root, send('2', '1'), send('3', '2'), send('4', '3')];

  test('nobody took it: one waits', () => {
    expect(statesOf(...nested)).toEqual(['waiting']);
    expect(statesOf(root, send('2', '1', { role: 'create' }), send('3', '2'))).toEqual(['waiting']);
  });
  test.each(['2', '3', '4'])('whoever names span %s took it', (named) => {
    expect(statesOf(...nested, take('9', named))).toEqual(['delivered']);
  });
  test('by its id it is one message, too', () => {
    const message = 'm';
    const sent = [
      root,
      send('2', '1', { message }),
      send('3', '2', { message }),
      { trace: 'b1', id: '9', role: 'process', service: 'pay', at: 40, message } as const,
    ];
    expect(hopsOf(...sent)).toMatchObject([
      { state: 'delivered', evidence: [{ kind: 'message-id' }] },
    ]);
  });
  test('above several it is none of them', () => {
    const several = [root, send('2', '1'), send('3', '2'), send('4', '2')];
    expect(statesOf(...several)).toEqual(['waiting', 'waiting']);
    expect(statesOf(...several, take('9', '4'))).toEqual(['waiting', 'delivered']);
  });
  test('to another destination, or beside it, it is another message', () => {
    expect(
      statesOf(root, send('2', '1'), send('3', '2', { destination: 'audit' }), take('9', '2')),
    ).toEqual(['delivered', 'waiting']);
    expect(statesOf(root, send('2', '1'), send('3', '1'), take('9', '2'))).toEqual([
      'delivered',
      'waiting',
    ]);
  });
});

describe('a taker that names a message of another destination', () => {
  interface Case {
    system: string;
    /** Keys that all spans of the chain share. */
    conversation?: string;
    linked?: boolean;
  }
  const hop = (flow: Flow, service: string): string => {
    const step = flow.steps.find((one) => one.service === service)!;
    const from = (id: string | null): string =>
      flow.steps.find((one) => one.id === id)?.service ?? '';
    return flow.hops
      .filter(({ to }) => to === step.id)
      .map(
        ({ from: sender, message, evidence }) =>
          `${from(sender)} ${message.destination} ${evidence[0]!.kind}`,
      )
      .join();
  };
  const flowOf = (...sketches: SpanSketch[]): Flow => {
    const bench = createBench();
    bench.take(sketches.map(aSpan));
    expect(bench.flows().size).toBe(1);
    return [...bench.flows().values()][0]!;
  };
  /**
   * Builds a chain of messages: `shop` sends an order, `pay` takes it and sends a payment, `ship`
   * takes the payment. But the span of `ship` names the order as its parent or link.
   */
  const chain = ({ system, conversation = '', linked = false }: Case): SpanSketch[] => {
    const more = { system, conversation };
    const ofOrder = (trace: string): Partial<SpanSketch> =>
      linked ? { trace, links: ['a1/2'] } : { trace: 'a1', parent: '2', remote: true };
    return [
      { trace: 'a1', id: '1', service: 'shop' },
      {
        trace: 'a1',
        id: '2',
        parent: '1',
        role: 'send',
        service: 'shop',
        destination: 'orders',
        ...more,
        at: 1,
      },
      {
        trace: '',
        id: '3',
        role: 'process',
        service: 'pay',
        destination: 'orders',
        ...more,
        ...ofOrder('b1'),
        at: 20,
      },
      {
        trace: linked ? 'b1' : 'a1',
        id: '4',
        parent: '3',
        role: 'send',
        service: 'pay',
        destination: 'payments',
        ...more,
        at: 25,
      },
      {
        trace: '',
        id: '5',
        role: 'process',
        service: 'ship',
        destination: 'payments',
        ...more,
        ...ofOrder('c1'),
        at: 50,
      },
    ];
  };

  test.each([
    [{ system: 'kafka' }, 'trace'],
    [{ system: 'kafka', conversation: 'c' }, 'conversation'],
    [{ system: 'kafka', conversation: 'c', linked: true }, 'conversation'],
    [{ system: 'rabbitmq' }, 'trace'],
    [{ system: 'nats', conversation: 'c' }, 'conversation'],
  ])('took the one that went to its own: %j', (given, evidence) => {
    const flow = flowOf(...chain(given));
    expect([hop(flow, 'pay'), hop(flow, 'ship')]).toEqual([
      expect.stringContaining('shop orders'),
      `pay payments ${evidence}`,
    ]);
    expect(flow.hops.map(({ state }) => state)).toEqual(['delivered', 'delivered']);
  });
  test('several took it', () => {
    const flow = flowOf(...chain({ system: 'kafka' }), {
      ...chain({ system: 'kafka' })[4]!,
      id: '6',
      service: 'audit',
    });
    expect([hop(flow, 'ship'), hop(flow, 'audit')]).toEqual([
      'pay payments trace',
      'pay payments trace',
    ]);
  });
  test('of one that others took rightly it has a copy, unless it took that itself', () => {
    const rightly: SpanSketch = {
      trace: 'a1',
      id: '6',
      parent: '4',
      remote: true,
      role: 'process',
      service: 'audit',
      destination: 'payments',
      system: 'kafka',
      at: 40,
    };
    expect(hop(flowOf(...chain({ system: 'kafka' }), rightly), 'ship')).toBe('pay payments trace');
    const itself = flowOf(...chain({ system: 'kafka' }), { ...rightly, service: 'ship' });
    expect(itself.hops.map(({ message }) => message.destination)).toEqual([
      'orders',
      'orders',
      'payments',
    ]);
  });
  test('of two that nobody took it could be either; what went there later it is not', () => {
    const another = (at: number): SpanSketch => ({
      ...chain({ system: 'kafka' })[3]!,
      id: '6',
      at,
    });
    const either = flowOf(...chain({ system: 'kafka' }), another(30));
    expect(hop(either, 'ship')).toBe('shop orders parent');
    const later = flowOf(...chain({ system: 'kafka' }), another(70));
    expect(hop(later, 'ship')).toBe('pay payments trace');
  });
  test('where a broker routes, a queue has another name than the exchange: that says nothing', () => {
    const routed = (id: string, destination: string): SpanSketch => ({
      trace: 'a1',
      id,
      parent: '2',
      remote: true,
      role: 'process',
      service: destination,
      destination,
      system: 'rabbitmq',
      at: 30,
    });
    const flow = flowOf(
      { trace: 'a1', id: '1', service: 'shop' },
      {
        trace: 'a1',
        id: '2',
        parent: '1',
        role: 'send',
        service: 'shop',
        destination: 'exchange',
        system: 'rabbitmq',
        at: 1,
      },
      {
        trace: 'a1',
        id: '3',
        parent: '1',
        role: 'send',
        service: 'shop',
        destination: 'mail',
        system: 'rabbitmq',
        at: 2,
      },
      routed('4', 'mail'),
      routed('5', 'billing'),
    );
    expect(flow.hops.map(({ state, message }) => `${message.destination} ${state}`)).toEqual([
      'exchange delivered',
      'exchange delivered',
      'mail waiting',
    ]);
  });
});
