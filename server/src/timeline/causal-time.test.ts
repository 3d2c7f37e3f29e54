import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Flow } from '../model/flow.ts';
import type { Span } from '../model/span.ts';
import { aSpan, type SpanSketch } from '../testing/builders.ts';
import { anySketches, toSpans } from '../testing/any-spans.ts';
import { canonical, createBench } from '../testing/correlator-harness.ts';
import { createClocks, type Clocks } from './clocks/index.ts';

/**
 * Services that pass a message on. Each works 20 ms for a message and sends the next one after 10
 * ms; sending takes 2 ms.
 */
const CHAIN = ['gateway', 'ledger', 'fraud', 'notifier'];
const WAITS = [48, 150, 100];

interface Hosts {
  /** How far each clock is ahead, ms. */
  ahead: Readonly<Record<string, number>>;
  /** Time from the end of a span to its receipt, ms. */
  lagMs: number;
  /** Whether processes name their instance, their host, or neither. */
  named: 'instance' | 'host' | 'nothing';
}

/**
 * Builds the spans of one message that passes through the chain. `n` numbers the flow and varies
 * its first wait.
 */
function transfer(n: number, { ahead, lagMs, named }: Hosts, waits = WAITS): Span[] {
  const spans: Span[] = [];
  let at = 0;
  let link = '';
  const say = (name: string, sketch: Omit<SpanSketch, 'trace' | 'service'>, i: number): void => {
    const span = aSpan({ trace: `${n}${i}`, service: name, ...sketch });
    const skew = BigInt(Math.round((ahead[name] ?? 0) * 1e6));
    const received = Number(span.end / 1_000_000n) + lagMs;
    const service = {
      ...span.service,
      instance: named === 'instance' ? `${name}-1` : '',
      ...(named === 'host' && { host: `${name}-host` }),
    };
    const [start, end] = [span.start + skew, span.end + skew] as [Span['start'], Span['end']];
    spans.push({ ...span, start, end, service, receivedAtMs: received });
  };
  for (const [i, name] of CHAIN.entries()) {
    say(
      name,
      {
        id: `${n}${i}1`,
        role: i === 0 ? 'server' : 'process',
        at,
        ms: 20,
        links: link === '' ? [] : [link],
      },
      i,
    );
    if (i === waits.length) break;
    say(
      name,
      {
        id: `${n}${i}2`,
        parent: `${n}${i}1`,
        role: 'send',
        at: at + 10,
        ms: 2,
        destination: `to-${CHAIN[i + 1]!}`,
      },
      i,
    );
    link = `${n}${i}/${n}${i}2`;
    at += 12 + waits[i]! + (i === 0 ? n % 23 : 0);
  }
  return spans;
}
const waitsOf = (flow: Flow): (number | null)[] =>
  CHAIN.slice(1).map(
    (name) => flow.hops.find((hop) => hop.message.destination === `to-${name}`)?.waitMs ?? null,
  );
const trueWaits = (n: number, waits = WAITS): number[] => [waits[0]! + (n % 23), ...waits.slice(1)];

/**
 * Returns the timelines of flows. If `knows`, the errors of clocks are learned from the spans of
 * all these flows.
 */
function told(flows: Span[][], knows: boolean): { flows: Flow[]; clocks: Clocks } {
  let nowMs = 0;
  const clocks = createClocks({ now: () => nowMs, onVerdict: () => undefined });
  const bench = createBench(knows ? { clocks } : {});
  for (const spans of flows) {
    nowMs = Math.max(...spans.map(({ receivedAtMs }) => receivedAtMs));
    bench.clock.advance(Math.max(0, nowMs - bench.clock.now()));
    bench.take(spans);
  }
  for (let i = 0; i < 3; i++) {
    nowMs += 1000;
    bench.take([]);
  }
  return {
    flows: [...bench.flows().values()].sort((a, b) => (a.started < b.started ? -1 : 1)),
    clocks,
  };
}
const flowsOf = (hosts: Hosts, count: number, knows: boolean): Flow[] =>
  told(
    Array.from({ length: count }, (_, i) => transfer(i + 100, hosts)),
    knows,
  ).flows.sort((a, b) => (a.id < b.id ? -1 : 1));

describe.each([1, 12])('of %i flows, one clock is wrong', (count) => {
  describe.each<Hosts['named']>(['instance', 'host', 'nothing'])(
    'of processes that say %s',
    (named) => {
      test.each<[string, string, number]>([
        ['the first is ahead', 'gateway', 3000],
        ['the first is ahead by an hour', 'gateway', 3_600_000],
        ['the second is ahead', 'ledger', 3000],
        ['one in the middle is ahead', 'fraud', 3000],
        ['the last is ahead', 'notifier', 3000],
        ['the last is ahead by a month', 'notifier', 30 * 86_400_000],
        ['the second is behind', 'ledger', -3000],
        ['one in the middle is behind', 'fraud', -3000],
        ['the last is behind', 'notifier', -3000],
        ['the last is behind by an hour', 'notifier', -3_600_000],
        ['the first is ahead by less than others wait', 'gateway', 110],
      ])('%s', (_what, name, ahead) => {
        const flows = flowsOf({ ahead: { [name]: ahead }, lagMs: 200, named }, count, true);
        const at = CHAIN.indexOf(name);
        expect(flows).toHaveLength(count);
        flows.forEach((flow, n) => {
          const truth = trueWaits(n + 100);
          const waits = waitsOf(flow);
          const beside = [at - 1, at].filter((hop) => truth[hop] !== undefined);
          for (const [hop, wait] of waits.entries())
            if (!beside.includes(hop)) expect(wait).toBeCloseTo(truth[hop]!, 3);
            else expect(wait).toBeGreaterThanOrEqual(0);
          // A wrong clock makes the wait before its service too short and the wait after it too
          // long, or the reverse, but leaves their sum as it is. Only the last service, which has
          // no wait after it, may keep an error up to the lag of receipt (200 ms) if its clock is
          // ahead.
          const sum = (list: readonly (number | null)[]): number =>
            beside.reduce((all, hop) => all + list[hop]!, 0);
          expect(sum(waits)).toBeLessThanOrEqual(
            sum(truth) + (ahead > 0 && at === 3 ? 200.001 : 0.001),
          );
          if (beside.length === 2) expect(sum(waits)).toBeCloseTo(sum(truth), 3);
          const length = 12 * 3 + 20 + waits.reduce<number>((all, wait) => all + wait!, 0);
          expect(Math.abs(flow.durationMs - length)).toBeLessThanOrEqual(1.001);
          expect(flow.badges).toEqual(['clock-skew']);
          expect(flow.hops.filter(({ skewed }) => skewed).length).toBe(beside.length);
        });
      });
    },
  );
});

describe('nothing is learned', () => {
  test.each<[string, Record<string, number>, number[]]>([
    ['the first is ahead: all behind it stay as they are', { gateway: 3000 }, [0, 150, 100]],
    ['one in the middle is ahead', { fraud: 3000 }, [56, 250, 0]],
    ['one in the middle is behind', { fraud: -3000 }, [56, 0, 252]],
    ['the last is behind', { notifier: -3000 }, [56, 150, 0]],
    ['two are wrong', { gateway: 3000, notifier: -5000 }, [0, 150, 0]],
    ['two that agree are ahead', { gateway: 3000, ledger: 3000 }, [56, 0, 100]],
  ])('%s', (_what, ahead, expected) => {
    const [flow] = flowsOf({ ahead, lagMs: 60_000, named: 'instance' }, 1, false);
    expect(waitsOf(flow!).map((wait) => Math.round(wait!))).toEqual(expected);
  });
});

describe('three processes share a name, and each has another clock', () => {
  const orders = [
    [0, -3_600_000, 3_600_000],
    [3_600_000, 0, -3_600_000],
    [-3_600_000, 30 * 86_400_000, 0],
    [3_600_000, -3_600_000, 0, 30 * 86_400_000],
  ];
  test.each(
    orders.flatMap((aheads) =>
      CHAIN.slice(1).map((name) => [aheads.join(', '), name, aheads] as const),
    ),
  )('%s at %s: each flow is told by its own, and nobody else is blamed', (_what, name, aheads) => {
    const flows = [...aheads, ...aheads].map((ahead, i) =>
      transfer(i + 100, { ahead: { [name]: ahead }, lagMs: 200, named: 'nothing' }),
    );
    const { flows: shown, clocks } = told(flows, true);
    const at = CHAIN.indexOf(name);
    for (const flow of shown) {
      const n = Number(flow.steps[0]!.spanIds[0]!.slice(-5, -2));
      const truth = trueWaits(n);
      const ahead = [...aheads, ...aheads][n - 100]!;
      for (const [hop, wait] of waitsOf(flow).entries()) {
        if (![at - 1, at].includes(hop) || ahead === 0) expect(wait).toBeCloseTo(truth[hop]!, 3);
        else expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(truth[0]! + truth[1]! + truth[2]! + 200.001);
      }
      expect(flow.badges).toEqual(ahead === 0 ? [] : ['clock-skew']);
    }
    expect(clocks.wrong().filter(({ service }) => service !== name)).toEqual([]);
  });
});

describe('this server is behind, and nobody names an instance', () => {
  /** Returns the spans as a server receives them whose clock is behind. */
  const receivedBy = (behindMs: number, lags: Record<string, number>, spans: Span[]): Span[] =>
    spans.map((span) => ({
      ...span,
      receivedAtMs: Number(span.end / 1_000_000n) + (lags[span.service.name] ?? 200) - behindMs,
    }));
  test.each<[string, number, Record<string, number>]>([
    ['by a second, and one exports late', 1000, { gateway: 3000 }],
    [
      'by five, and only the last exports at once',
      5000,
      { gateway: 5000, ledger: 5000, fraud: 5000 },
    ],
    ['by an hour, and one exports as late', 3_600_000, { gateway: 3_600_000 }],
  ])('%s: waits are exact', (_what, behindMs, lags) => {
    const hosts: Hosts = { ahead: {}, lagMs: 0, named: 'nothing' };
    const { flows } = told(
      [0, 1, 2].map((i) => receivedBy(behindMs, lags, transfer(i + 100, hosts))),
      true,
    );
    for (const flow of flows) {
      const n = Number(flow.steps[0]!.spanIds[0]!.slice(-5, -2));
      for (const [hop, wait] of waitsOf(flow).entries())
        expect(wait).toBeCloseTo(trueWaits(n)[hop]!, 3);
      expect(flow.badges).toEqual([]);
    }
  });
});

describe('right clocks', () => {
  test('are exact, and nobody speaks of them, however long a message rests', () => {
    const hosts: Hosts = { ahead: {}, lagMs: 40, named: 'instance' };
    const all = [WAITS, [48, 3000, 100], [3, 150, 0], [0, 600_000, 1]];
    const { flows, clocks } = told(
      all.map((waits, i) => transfer(i + 100, hosts, waits)),
      true,
    );
    const shown = flows.map((flow) => waitsOf(flow)).sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]!);
    const truth = all
      .map((waits, i) => trueWaits(i + 100, waits))
      .sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]!);
    shown.forEach((waits, i) =>
      waits.forEach((wait, k) => expect(wait).toBeCloseTo(truth[i]![k]!, 3)),
    );
    expect(flows.flatMap(({ badges }) => badges)).toEqual([]);
    expect(flows.flatMap(({ steps }) => steps.map(({ skewMs }) => skewMs))).toEqual(
      Array(16).fill(0),
    );
    expect(clocks.wrong()).toEqual([]);
  });

  test('stay so where a process shares its name with one whose clock is wrong', () => {
    const wrong: Hosts = { ahead: { gateway: 3000 }, lagMs: 200, named: 'nothing' };
    const flows = [wrong, { ...wrong, ahead: {} }, wrong, { ...wrong, ahead: {} }];
    const { flows: shown } = told(
      flows.map((hosts, i) => transfer(i + 100, hosts)),
      true,
    );
    const right = shown.filter(({ badges }) => badges.length === 0);
    expect(right.map((flow) => Math.round(waitsOf(flow)[0]!)).sort()).toEqual(
      [101, 103].map((n) => trueWaits(n)[0]),
    );
  });
});

test('a poll that began before the message was sent shows no wrong clock', () => {
  const bench = createBench();
  bench.take(
    [
      { trace: 'a', id: '1', role: 'send' as const, service: 'shop', at: 1000 },
      {
        trace: 'b',
        id: '2',
        role: 'receive' as const,
        service: 'ship',
        at: 0,
        ms: 1040,
        links: ['a/1'],
      },
    ].map(aSpan),
  );
  const [flow] = [...bench.flows().values()];
  expect([flow!.badges, flow!.steps.map(({ skewMs }) => skewMs)]).toEqual([[], [0, 0]]);
});

test('what one process said on its way in a synchronous call is set right by its own clock', () => {
  const bench = createBench();
  bench.take(
    [
      { trace: 'a', id: '1', role: 'server' as const, service: 'shop', at: 0, ms: 100 },
      ...[10, 40].flatMap((at, i) => [
        {
          trace: 'a',
          id: `${i}c`,
          parent: '1',
          role: 'client' as const,
          service: 'shop',
          at,
          ms: 20,
        },
        {
          trace: 'a',
          id: `${i}d`,
          parent: `${i}c`,
          role: 'server' as const,
          service: 'stock',
          at: at - 800 + 2 + 3 * i,
          ms: 10,
        },
      ]),
    ].map(aSpan),
  );
  const [flow] = [...bench.flows().values()];
  // Both calls are between the same two clocks, so they are corrected by the same 798 ms. The
  // second call was 3 ms longer on its way.
  expect(flow!.hops.map(({ waitMs }) => waitMs)).toEqual([0, 3]);
  expect(flow!.steps.map(({ skewMs }) => skewMs)).toEqual([0, 798, 798]);
});

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 100);
const SEED = Number(process.env['PROPERTY_SEED'] ?? 42);

test('whatever is known of clocks, the order of arrival does not matter, and no wait is below 0', () => {
  const hosts = fc.record({
    ahead: fc.dictionary(fc.constantFrom(...CHAIN), fc.integer({ min: -5000, max: 5000 }), {
      maxKeys: 3,
    }),
    lagMs: fc.constantFrom(50, 4000, 60_000),
    named: fc.constantFrom<Hosts['named']>('instance', 'host', 'nothing'),
  });
  const waits = fc.array(fc.nat({ max: 5000 }), { minLength: 3, maxLength: 3 });
  fc.assert(
    fc.property(
      hosts,
      fc.array(waits, { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat({ max: 999 }), { minLength: 40, maxLength: 40 }),
      (where, flows, ranks) => {
        const spans = flows.flatMap((one, i) => transfer(i + 100, where, one));
        const nowMs = Math.max(...spans.map(({ receivedAtMs }) => receivedAtMs));
        const inOrder = (list: Span[], size: number): unknown => {
          let now = nowMs;
          const clocks = createClocks({ now: () => now, onVerdict: () => undefined });
          const bench = createBench({ clocks });
          for (let i = 0; i < list.length; i += size) bench.take(list.slice(i, i + size));
          for (let i = 0; i < 3; i++) {
            now += 1000;
            bench.take([]);
          }
          for (const { hops } of bench.flows().values())
            for (const { waitMs } of hops)
              if (waitMs !== null) expect(waitMs).toBeGreaterThanOrEqual(0);
          return canonical(bench.flows());
        };
        const shuffled = spans
          .map((span, i) => ({ span, rank: ranks[i % 40]! }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ span }) => span);
        expect(inOrder(shuffled, 3)).toEqual(inOrder(spans, spans.length));
      },
    ),
    { numRuns: RUNS, seed: SEED },
  );
}, 600_000);

test('of what is told of clocks, a timeline is the same after leaving memory, and after a restart', () => {
  const service = (name: string): object => ({ environment: '', name, version: '', instance: '' });
  const stored = JSON.stringify([
    { service: service('a'), epochs: [{ fromMs: 0, aheadNs: 150e6 }] },
    { service: service('b'), epochs: [{ fromMs: 0, aheadNs: -200e6 }] },
  ]);
  const fixed = (): Clocks => {
    const clocks = createClocks({ now: () => 0, onVerdict: () => undefined });
    clocks.load(stored);
    return {
      ...clocks,
      observe: () => undefined,
      waited: () => undefined,
      revise: () => new Set(),
    };
  };
  fc.assert(
    fc.property(anySketches, (list) => {
      const spans = toSpans(list);
      const whole = createBench({ clocks: fixed() });
      whole.take(spans);
      whole.rest();
      const bench = createBench({ clocks: fixed() });
      let batch: Span[] = [];
      for (const item of list.toSorted((a, b) => a.rank - b.rank || a.id - b.id)) {
        batch.push(spans[list.indexOf(item)]!);
        if (item.then === 'more') continue;
        bench.take(batch);
        bench[item.then]();
        batch = [];
      }
      bench.take(batch);
      bench.rest();
      expect(canonical(bench.flows())).toEqual(canonical(whole.flows()));
    }),
    { numRuns: RUNS, seed: SEED },
  );
}, 600_000);
