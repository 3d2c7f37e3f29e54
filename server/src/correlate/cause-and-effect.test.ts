import { expect, test } from 'vitest';
import type { Flow } from '../model/flow.ts';
import type { SpanSketch } from '../testing/builders.ts';
import { flowsOf } from '../testing/correlator-harness.ts';

const services = (flow: Flow | undefined): string[] => flow!.steps.map(({ service }) => service);

/** Builds a chain of services that call the next at the same instant; span ids count up or down. */
const chain = (
  length: number,
  id: (i: number) => string,
  role: 'process' | 'server',
): SpanSketch[] =>
  Array.from({ length }, (_, i): SpanSketch[] => {
    const up = i === 0 ? {} : { parent: `${id(i - 1)}e`, remote: true };
    const sends = role === 'process' ? ('send' as const) : ('client' as const);
    return [
      { trace: 'a1', id: id(i), role: i === 0 ? 'server' : role, service: `s${i}`, ...up },
      { trace: 'a1', id: `${id(i)}e`, parent: id(i), role: sends, service: `s${i}`, ms: 1 },
    ];
  }).flat();

test.each([
  ['messages', 'process'],
  ['calls', 'server'],
] as const)('of steps that begin at the same instant causes come first: %s', (_what, role) => {
  const expected = Array.from({ length: 8 }, (_, i) => `s${i}`);
  expect(services(flowsOf(...chain(8, (i) => `${i + 1}`, role))[0])).toEqual(expected);
  expect(services(flowsOf(...chain(8, (i) => `${9 - i}`, role))[0])).toEqual(expected);
});

test('a consumer whose clock was set right to the instant of its send comes after the sender', () => {
  for (const [sender, taker] of ['12', '21'])
    expect(
      services(
        flowsOf(
          { trace: 'a1', id: sender!, role: 'server', service: 'kiosk', at: 100 },
          { trace: 'a1', id: '5', parent: sender!, role: 'send', service: 'kiosk', at: 100, ms: 2 },
          {
            trace: 'b1',
            id: taker!,
            role: 'process',
            service: 'printer',
            at: -900,
            links: ['a1/5'],
          },
        )[0],
      ),
    ).toEqual(['kiosk', 'printer']);
});

test('what nobody caused stands by its id, as before, and time comes before causes', () => {
  const named = { flow: 'o', type: 't' };
  const flow = (...spans: SpanSketch[]) =>
    services(flowsOf(...spans.map((span) => ({ ...span, ...named })))[0]);
  expect(
    flow({ trace: 'a1', id: '2', service: 'b' }, { trace: 'a1', id: '1', service: 'a' }),
  ).toEqual(['a', 'b']);
  expect(
    flow(
      { trace: 'a1', id: '3', service: 'early', at: -1 },
      { trace: 'a1', id: '2', service: 'b' },
      { trace: 'a1', id: '1', parent: '2', service: 'a' },
    ),
  ).toEqual(['early', 'b', 'a']);
});

test('a flow says what its steps say of its times', () => {
  const call = (clockMs: number): SpanSketch[] => [
    { trace: 'a1', id: '1', role: 'server', service: 'portal', ms: 100 },
    { trace: 'a1', id: '2', parent: '1', role: 'client', service: 'portal', at: 10, ms: 60 },
    {
      trace: 'a1',
      id: '3',
      parent: '2',
      role: 'server',
      service: 'login',
      at: 15 + clockMs,
      ms: 40,
    },
  ];
  const [behind] = flowsOf(...call(-800));
  expect([behind!.badges, behind!.hops[0]!.skewed]).toEqual([['clock-skew'], true]);
  expect(behind!.steps.map(({ badges }) => badges)).toEqual([[], ['clock-skew']]);
  const [right] = flowsOf(...call(0));
  expect([right!.badges, right!.hops[0]!.skewed]).toEqual([[], false]);
});
