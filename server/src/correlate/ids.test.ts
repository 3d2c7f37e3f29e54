import { describe, expect, test } from 'vitest';
import { aSpan, type SpanSketch } from '../testing/builders.ts';
import { createBench } from '../testing/correlator-harness.ts';

/**
 * Tests flow ids of different kinds. Spans that have equal ids of different kinds are in one flow
 * only if one of these spans caused the other.
 */
const servicesOf = (...sketches: SpanSketch[]): string[] => {
  const all = [sketches, sketches.toReversed()].flatMap((list) =>
    [false, true].map((rests) => {
      const bench = createBench();
      for (const sketch of list) {
        bench.take([aSpan(sketch)]);
        if (rests) bench.rest();
      }
      return [...bench.flows().values()].map(({ services }) => services.join('+')).sort();
    }),
  );
  for (const services of all) expect(services).toEqual(all[0]);
  return all[0]!;
};

describe('one number of two kinds', () => {
  const order: SpanSketch = {
    trace: 'a1',
    id: '1',
    role: 'server',
    service: 'desk',
    flow: '1000',
    type: 'orders',
  };
  const engine = (more: Partial<SpanSketch> = {}): SpanSketch => ({
    trace: 'b1',
    id: '2',
    service: 'engine',
    flow: '1000',
    idKind: 'engine',
    at: 50,
    ...more,
  });
  const sent: SpanSketch = {
    trace: 'a1',
    id: '3',
    parent: '1',
    role: 'send',
    service: 'desk',
    at: 5,
  };
  const took: Partial<SpanSketch> = { role: 'process', links: ['a1/3'] };

  test('is two flows, whichever of them says its type', () => {
    expect(servicesOf(order, engine())).toEqual(['desk', 'engine']);
    expect(servicesOf(order, engine({ type: 'onboarding' }))).toEqual(['desk', 'engine']);
    expect(servicesOf({ ...order, type: '' }, engine())).toEqual(['desk', 'engine']);
    expect(servicesOf({ ...order, type: '' }, engine({ type: 'onboarding' }))).toEqual([
      'desk',
      'engine',
    ]);
    expect(servicesOf(engine(), engine({ id: '4', service: 'other', idKind: 'other' }))).toEqual([
      'engine',
      'other',
    ]);
  });
  test('is one flow where both say the same type', () => {
    expect(servicesOf(order, engine({ type: 'orders' }))).toEqual(['desk+engine']);
  });
  test('is one flow along a cause, downwards and upwards', () => {
    expect(servicesOf(order, sent, engine(took))).toEqual(['desk+engine']);
    const started: SpanSketch = { ...order, role: 'process', links: ['b1/3'], at: 90 };
    expect(
      servicesOf(engine(), { ...sent, trace: 'b1', parent: '2', service: 'engine' }, started),
    ).toEqual(['desk+engine']);
    // The service between the two others has no flow id.
    const between: SpanSketch[] = [
      { trace: 'c1', id: '4', ...took, service: 'relay', at: 20 },
      { trace: 'c1', id: '5', parent: '4', role: 'send', service: 'relay', at: 25 },
    ];
    expect(
      servicesOf(order, sent, ...between, engine({ role: 'process', links: ['c1/5'] })),
    ).toEqual(['desk+engine+relay']);
  });
  test('of another number it is another flow, along a cause, too', () => {
    expect(servicesOf(order, sent, engine({ ...took, flow: '1001' }))).toEqual(['desk', 'engine']);
  });
  test('spans of one kind adopt the type of their kind', () => {
    expect(
      servicesOf(order, engine({ type: 'onboarding' }), engine({ trace: 'b2', service: 'worker' })),
    ).toEqual(['desk', 'engine+worker']);
  });
});
