import { describe, expect, test } from 'vitest';
import { aSpan, type SpanSketch } from '../model/testing/builders.ts';
import { createBench, type Bench } from './testing.ts';

describe('a name that identifies nothing', () => {
  /** A shipment whose message has this id, and a link, so that nothing needs the id. */
  const shipment = (n: number, message: string): SpanSketch[] => [
    { trace: `a${n}`, id: '1', role: 'send', message, at: n },
    { trace: `b${n}`, id: '2', role: 'process', service: 'b', message, at: n + 20, links: [`a${n}/1`] },
  ];
  const take = (bench: Bench, ...sketches: SpanSketch[]): void =>
    bench.take(sketches.map((sketch) => aSpan({ ...sketch, received: bench.clock.now() })));
  const many = (bench: Bench, message: string): void => {
    for (let n = 100; n < 140; n++) take(bench, ...shipment(n, message));
  };

  test.each(['7', 'order-created'])('%s ties nobody to anybody, in memory or out of it', (message) => {
    const bench = createBench();
    many(bench, message);
    bench.rest();
    expect(bench.correlator.spansInMemory).toBe(0);
    const { reloaded } = bench;
    take(bench, ...shipment(500, message));
    expect(bench.reloaded).toBe(reloaded);
    expect(bench.flows().size).toBe(41);
  });

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
    // Once somebody sends it they are needed, wherever they are: one of them, at most, took this.
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
    expect([...bench.flows().values()].every((flow) => flow.badges.includes('id-conflict'))).toBe(true);
    bench.rest();
    bench.restart();
    const { reloaded } = bench;
    take(bench, said(500));
    expect(bench.reloaded).toBe(reloaded);
    expect(bench.flows().size).toBe(41);
    // What else they say still joins them.
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
