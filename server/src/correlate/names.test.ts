import { describe, expect, test } from 'vitest';
import { aSpan, traceId, type SpanSketch } from '../testing/builders.ts';
import { createBench, type Bench } from '../testing/correlator-harness.ts';

/**
 * Tests which spans a message id joins. A counted id joins spans of one destination only, and a
 * name with too many sends joins nothing.
 */
const flowsOf = (...sketches: SpanSketch[]): number => {
  const bench = createBench();
  bench.take(sketches.map(aSpan));
  return bench.flows().size;
};

describe('an id that is counted is an id of its destination', () => {
  const send = (more: Partial<SpanSketch>): SpanSketch => ({
    trace: 'a1',
    id: '1',
    role: 'send',
    ...more,
  });
  const take = (more: Partial<SpanSketch>): SpanSketch => ({
    trace: 'b1',
    id: '2',
    role: 'process',
    service: 'b',
    at: 20,
    ...more,
  });
  const here = { destination: 'orders' };
  const there = { destination: 'shipments' };

  test.each(['0', '7', '65535', '104857600', '123456789012', '-1', '0:17', '3-44', '12.5', '#8'])(
    '%s joins within it, and not beyond',
    (message) => {
      for (const system of ['kafka', 'rabbitmq', 'mqtt', 'nats', '']) {
        const both = { message, system };
        expect(flowsOf(send({ ...both, ...here }), take({ ...both, ...here })), system).toBe(1);
        expect(flowsOf(send({ ...both, ...here }), take({ ...both, ...there })), system).toBe(2);
        expect(
          flowsOf(send({ ...both, ...here }), take({ ...both, destination: 'orders.dlq' })),
          `${system}, set aside`,
        ).toBe(2);
      }
    },
  );

  test.each([
    ['0', '0', 1],
    ['0', '1', 2],
    ['', '', 1],
    ['0', '', 2],
  ])('partition %s and %s', (sent, taken, flows) => {
    const both = { message: '5', system: 'kafka', ...here };
    expect(flowsOf(send({ ...both, partition: sent }), take({ ...both, partition: taken }))).toBe(
      flows,
    );
  });

  test('one service takes the same number from two places: two steps, none of them twice', () => {
    const bench = createBench();
    const took = (id: string, parent: string, destination: string, at: number): SpanSketch => ({
      ...take({
        trace: 'a1',
        parent,
        remote: true,
        destination,
        message: '0',
        system: 'kafka',
        at,
      }),
      id,
    });
    bench.take(
      [
        send({ message: '0', system: 'kafka', ...here }),
        took('2', '1', 'orders', 20),
        {
          ...send({ message: '0', system: 'kafka', ...there, parent: '2', at: 25 }),
          id: '3',
          service: 'b',
        },
        took('4', '3', 'shipments', 50),
      ].map(aSpan),
    );
    const [flow] = bench.flows().values();
    expect(flow!.steps.map(({ attempts }) => attempts.length)).toEqual([1, 1, 1]);
    expect(flow!.badges).toEqual([]);
  });

  test.each(['m-17', '1795878097649', '123456789012345', 'b7a1c2', '0x1f'])(
    '%s is no count',
    (message) => {
      const both = { message, system: 'kafka' };
      expect(
        flowsOf(send({ ...both, ...here }), take({ ...both, destination: 'orders.dlq' })),
      ).toBe(1);
    },
  );
});

describe('of a message that only its id tells, what was sent to another place is not the cause', () => {
  const id = '5fccbb18-5ca4-4f46-92d6-315c2ddc6e5b';
  const joined = (
    system: string,
    sent: string,
    taken: string,
    more: Partial<SpanSketch> = {},
  ): boolean =>
    flowsOf(
      { trace: 'a1', id: '1', role: 'send', message: id, system, destination: sent },
      {
        trace: 'b1',
        id: '2',
        role: 'process',
        service: 'b',
        message: id,
        system,
        destination: taken,
        at: 20,
        ...more,
      },
    ) === 1;

  test.each([
    ['kafka', 'orders', 'orders', true],
    ['kafka', 'orders', 'shipments', false],
    ['aws_sqs', 'orders', 'shipments', false],
    ['kafka', 'orders', '', true],
    ['kafka', '', 'orders', true],
    ['kafka', 'orders', 'orders-retry-0', true],
    ['kafka', 'orders', 'orders.DLQ', true],
    ['kafka', 'Orders', 'OrdersDlt', true],
    ['kafka', 'orders', 'payment_error', true],
    ['kafka', 'orders', 'terrors', false],
    // From here on the two names may differ, because a message is sent to an exchange or topic, and
    // taken from a queue or subscription.
    ['rabbitmq', 'orders', 'billing', true],
    ['rabbitmq', 'orders', 'orders:order.placed:billing', true],
    ['gcp_pubsub', 'orders', 'billing-subscription', true],
    ['', 'orders', 'billing', true],
    ['mqtt', 'site/4/temperature', 'site/+/temperature', true],
    ['mqtt', 'site/4/temperature', 'site/4/pressure', false],
    ['nats', 'orders.created', 'orders.>', true],
    ['nats', '(temporary)', '_INBOX.7', true],
  ])('%s: sent to "%s", taken from "%s": %s', (system, sent, taken, one) => {
    expect(joined(system, sent, taken)).toBe(one);
  });

  test('where it says that it was given up elsewhere, it is', () => {
    expect(joined('kafka', 'orders', 'graveyard', { dead: true })).toBe(true);
  });

  test('of sends to several places the one to this place is the cause', () => {
    const sent = (at: number, destination: string): SpanSketch => ({
      trace: `a${at}`,
      id: '1',
      role: 'send',
      message: id,
      system: 'kafka',
      destination,
      at,
    });
    const bench = createBench();
    bench.take(
      [
        sent(1, 'orders'),
        sent(2, 'invoices'),
        {
          trace: 'b1',
          id: '2',
          role: 'process' as const,
          message: id,
          system: 'kafka',
          destination: 'invoices',
          at: 20,
        },
      ].map(aSpan),
    );
    expect(bench.flows().get(traceId('a2'))!.steps).toHaveLength(2);
  });

  test('passed on while it was processed, it keeps its identity wherever it goes', () => {
    const on: Omit<SpanSketch, 'trace' | 'id'> = { message: id, system: 'kafka', service: 'b' };
    expect(
      flowsOf(
        { trace: 'a1', id: '1', role: 'send', ...on, destination: 'orders' },
        { trace: 'b1', id: '2', role: 'process', ...on, destination: 'orders', at: 20 },
        {
          trace: 'b1',
          id: '3',
          parent: '2',
          role: 'send',
          ...on,
          destination: 'graveyard',
          at: 25,
        },
        { trace: 'c1', id: '4', role: 'process', ...on, destination: 'graveyard', at: 40 },
      ),
    ).toBe(1);
  });
});

describe('a name that identifies nothing', () => {
  /**
   * Builds a send and its consumer. They share a message id, and the consumer also has a link to
   * the send, so that matching does not need the id.
   */
  const shipment = (n: number, message: string): SpanSketch[] => [
    { trace: `a${n}`, id: '1', role: 'send', message, at: n },
    {
      trace: `b${n}`,
      id: '2',
      role: 'process',
      service: 'b',
      message,
      at: n + 20,
      links: [`a${n}/1`],
    },
  ];
  const take = (bench: Bench, ...sketches: SpanSketch[]): void =>
    bench.take(sketches.map((sketch) => aSpan({ ...sketch, received: bench.clock.now() })));
  const many = (bench: Bench, message: string): void => {
    for (let n = 100; n < 140; n++) take(bench, ...shipment(n, message));
  };

  test.each(['7', 'order-created'])(
    '%s ties nobody to anybody, in memory or out of it',
    (message) => {
      const bench = createBench();
      many(bench, message);
      bench.rest();
      expect(bench.correlator.spansInMemory).toBe(0);
      const { reloaded } = bench;
      take(bench, ...shipment(500, message));
      expect(bench.reloaded).toBe(reloaded);
      expect(bench.flows().size).toBe(41);
    },
  );

  test('that stays so, whether those who used it are in memory, left it, or were there before a restart', () => {
    const lone: SpanSketch = {
      trace: 'c1',
      id: '9',
      role: 'process',
      service: 'late',
      message: 'm',
      at: 500,
    };
    const flowsAfter = (meanwhile: (bench: Bench) => void): string[] => {
      const bench = createBench();
      many(bench, 'm');
      meanwhile(bench);
      take(bench, { trace: 'a5', id: '1', role: 'send', message: 'm', at: 450 });
      take(bench, lone);
      bench.rest();
      return [...bench.flows().keys()].sort();
    };
    const expected = flowsAfter(() => undefined);
    expect(expected).toHaveLength(42);
    expect(flowsAfter((bench) => bench.rest())).toEqual(expected);
    expect(flowsAfter((bench) => bench.restart())).toEqual(expected);
    expect(
      flowsAfter((bench) => {
        bench.rest();
        bench.restart();
      }),
    ).toEqual(expected);
  });

  test('who takes what nobody was seen sending is not tied to others who do', () => {
    const bench = createBench();
    const taken = (n: number): SpanSketch => ({
      trace: `b${n}`,
      id: '2',
      role: 'process',
      message: '7',
      at: n,
    });
    for (let n = 100; n < 200; n++) take(bench, taken(n));
    bench.rest();
    take(bench, taken(500));
    expect(bench.reloaded).toBe(0);
    // A send with the same message id rehydrates all of these consumers, because it may be the
    // cause of each.
    take(bench, { trace: 'a1', id: '1', role: 'send', message: '7', at: 0 });
    expect(bench.reloaded).toBe(101);
    expect(bench.flows().size).toBe(1);
  });

  test('a conversation over too many orders is said to be one, and brings none of them back', () => {
    const bench = createBench();
    const said = (n: number): SpanSketch => ({
      trace: `a${n}`,
      id: '1',
      role: 'send',
      flow: `order-${n}`,
      conversation: 'default',
      at: n,
    });
    for (let n = 100; n < 140; n++) take(bench, said(n));
    expect([...bench.flows().values()].every((flow) => flow.badges.includes('id-conflict'))).toBe(
      true,
    );
    bench.rest();
    bench.restart();
    const { reloaded } = bench;
    take(bench, said(500));
    expect(bench.reloaded).toBe(reloaded);
    expect(bench.flows().size).toBe(41);
    // Spans with the worthless conversation are still joined by another key that they share.
    const key = { identities: ['order.id\u00007'], conversation: 'default' };
    take(bench, { trace: 'c1', id: '1', role: 'send', ...key }, { trace: 'c2', id: '2', ...key });
    expect(bench.flows().size).toBe(42);
  });

  test('a conversation within one order, however long, is none', () => {
    const bench = createBench();
    for (let n = 100; n < 200; n++)
      take(bench, { trace: `a${n}`, id: '1', role: 'send', conversation: 'c', at: n });
    const [flow, ...others] = bench.flows().values();
    expect([others.length, flow!.badges]).toEqual([0, []]);
  });
});
