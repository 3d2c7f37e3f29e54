import type { Flow, Step } from '@fermata/server/contract';
import { describe, expect, test } from 'vitest';
import { emptyLayout, layoutOf, type Layout, type LayoutOptions } from './layout.ts';
import { scaleOf, timesOf } from './times.ts';

const ORIGIN = 1_700_000_000_000_000_000n;
const at = (ms: number): string => String(ORIGIN + BigInt(Math.round(ms * 1e6)));
const step = (id: string, service: string, from: number, to: number): Step =>
  ({
    id,
    service,
    name: id,
    startUnixNano: at(from),
    endUnixNano: at(to),
    attempts: [],
    status: 'ok',
  }) as unknown as Step;
const flow = (steps: Step[], waitingFor: object[] = []): Flow =>
  ({
    startedAtUnixNano: at(0),
    phase: waitingFor.length > 0 ? 'open' : 'ended',
    steps,
    hops: [],
    criticalPath: [],
    waitingFor,
  }) as unknown as Flow;
/** Lays a flow out at an instant, with the scale that belongs to its times. */
function laidOut(
  flow: Flow,
  atMs: number,
  { fold, ...options }: LayoutOptions & { fold: boolean },
): Layout {
  const times = timesOf(flow, atMs);
  return layoutOf(flow, times, scaleOf(times, options.window ?? null, fold), options);
}
const START = 1_700_000_000_000;
const NOW = START + 100_000;
const awaitedAt = (since: number, late: number, stuck: number): object => ({
  id: 'a>b',
  service: 'y',
  step: 'b',
  hopId: null,
  afterStepId: 'a',
  since: new Date(START + since).toISOString(),
  lateAt: new Date(START + late).toISOString(),
  stuckAt: new Date(START + stuck).toISOString(),
});

describe('layout', () => {
  test('one lane a service; steps that overlap get rows of their own', () => {
    const { lanes, rows } = laidOut(
      flow([step('a', 'x', 0, 50), step('b', 'x', 20, 60), step('c', 'y', 70, 80)]),
      NOW,
      { fold: false },
    );
    expect(lanes.map((lane) => [lane.service, lane.rows])).toEqual([
      ['x', 2],
      ['y', 1],
    ]);
    expect(rows).toBe(3);
    const [a, b] = lanes[0]!.bars;
    expect(a!.row).not.toBe(b!.row);
  });

  test('idle time is folded, and order in time stays order in space', () => {
    const steps = [
      step('a', 'x', 0, 10),
      step('b', 'x', 100_000, 100_010),
      step('c', 'x', 100_011, 100_030),
    ];
    const { gaps, lanes } = laidOut(flow(steps), NOW, { fold: true });
    expect(gaps).toHaveLength(1);
    expect(gaps[0]!.ms).toBeCloseTo(99_990);
    const xs = lanes[0]!.bars.map((bar) => bar.x);
    expect([...xs].sort((p, q) => p - q)).toEqual(xs);
    expect(lanes[0]!.bars[0]!.width).toBeGreaterThan(0.2);
    expect(laidOut(flow(steps), NOW, { fold: false }).gaps).toHaveLength(0);
  });

  test('what is awaited stretches from the instant since when to now, in the lane of who owes it', () => {
    const waiting = awaitedAt(100, 2000, 9000);
    const { lanes, marks, now } = laidOut(flow([step('a', 'x', 0, 100)], [waiting]), NOW, {
      fold: true,
    });
    expect(lanes.map((lane) => [lane.service, lane.bars.length, lane.ghosts.length])).toEqual([
      ['x', 1, 0],
      ['y', 0, 1],
    ]);
    const [ghost] = lanes[1]!.ghosts;
    const [bar] = lanes[0]!.bars;
    expect(ghost!.x).toBeCloseTo(bar!.x + bar!.width);
    expect(ghost!.x + ghost!.width).toBeCloseTo(1);
    expect(now).toBe(1);
    expect(ghost!.ms).toBe(99_900);
    // The awaited step takes much of the width, because it matters most, and the marks for late and
    // stuck lie on its bar.
    expect(ghost!.width).toBeGreaterThan(0.3);
    expect(marks.map(({ kind }) => kind)).toEqual(['late', 'stuck']);
    for (const mark of marks) expect(mark.x).toBeGreaterThan(ghost!.x + 0.05);
    // The 100 ms of work stay visible beside the long wait.
    expect(bar!.width).toBeGreaterThan(0.4);
  });

  test('a wait that is not late yet has no marks, and one that is stuck at once has one', () => {
    const early = flow([step('a', 'x', 0, 100)], [awaitedAt(100, 2000, 9000)]);
    expect(laidOut(early, START + 500, { fold: true }).marks).toEqual([]);
    const same = flow([step('a', 'x', 0, 100)], [awaitedAt(100, 2000, 2000)]);
    expect(laidOut(same, NOW, { fold: true }).marks.map(({ kind }) => kind)).toEqual(['stuck']);
  });

  test('the message that nobody took leads to what is awaited', () => {
    const hops = [{ id: 'h', from: 'a', to: null, sentUnixNano: at(90), state: 'waiting' }];
    const waiting = { ...awaitedAt(100, 2000, 9000), hopId: 'h' };
    const one = { ...flow([step('a', 'x', 0, 100)], [waiting]), hops } as unknown as Flow;
    const { hops: lines, lanes } = laidOut(one, NOW, { fold: true });
    expect(lines[0]!.row2).toBe(lanes[1]!.ghosts[0]!.row);
  });

  test('an open flow reaches to now, and nothing leaps as it goes on', () => {
    const awaited = awaitedAt(600, 900, 1300);
    const one = flow([step('a', 'x', 0, 100), step('b', 'x', 500, 600)], [awaited]);
    const seen = Array.from({ length: 1000 }, (_, i) =>
      laidOut(one, START + 600 + i, { fold: true }),
    );
    expect(seen.every((layout) => layout.now === 1)).toBe(true);
    expect(seen[999]!.gaps.map((gap) => Math.round(gap.ms))).toEqual([400, 300, 400, 299]);
    const ends = seen.map(({ lanes }) => lanes[0]!.bars[1]!.x + lanes[0]!.bars[1]!.width);
    for (let i = 1; i < ends.length; i++)
      expect(Math.abs(ends[i]! - ends[i - 1]!)).toBeLessThan(0.01);
    expect(ends[999]).toBeGreaterThan(0.4);
  });

  test('names beside short bars do not run into each other', () => {
    const long = 'a step with a long name';
    const steps = [
      step(long, 'x', 0, 10),
      step(`${long}er`, 'x', 20, 30),
      step('c', 'x', 400, 1000),
    ];
    const [lane] = laidOut(flow(steps), NOW, { fold: false }).lanes;
    expect(lane!.bars.map((bar) => bar.label)).toEqual(['right', 'right', 'inside']);
    expect(lane!.bars[0]!.row).not.toBe(lane!.bars[1]!.row);
    expect(lane!.bars[2]!.row).toBe(0);
  });

  test('everything stays inside, and 2,000 steps are laid out', () => {
    const steps = Array.from({ length: 2000 }, (_, i) =>
      step(`s${i}`, `svc${i % 7}`, i * 3, i * 3 + 5),
    );
    const { lanes, ticks } = laidOut(flow(steps), NOW, { fold: true });
    for (const bar of lanes.flatMap((lane) => lane.bars)) {
      expect(bar.x).toBeGreaterThanOrEqual(0);
      expect(bar.x).toBeLessThanOrEqual(1);
    }
    expect(ticks.length).toBeLessThan(14);
  });

  test('a window shows what is in it, to scale; where all is too much, names wait for it', () => {
    const steps = Array.from({ length: 700 }, (_, i) =>
      step(`step number ${i}`, 'x', i * 3, i * 3 + 5),
    );
    const all = laidOut(flow(steps), NOW, { fold: true });
    expect(all.lanes[0]!.bars).toHaveLength(700);
    expect(all.lanes[0]!.bars.every((bar) => bar.label === 'none')).toBe(true);
    const { lanes } = laidOut(flow(steps), NOW, { fold: true, window: { from: 300, to: 330 } });
    expect(lanes[0]!.bars.map((bar) => bar.step.id)).toEqual(
      Array.from({ length: 12 }, (_, i) => `step number ${i + 99}`),
    );
    expect(lanes[0]!.bars.every((bar) => bar.label !== 'none' && bar.x >= 0 && bar.x <= 1)).toBe(
      true,
    );
    expect(lanes[0]!.bars[2]!.x).toBeCloseTo(0.1);
  });

  test('attempts stand side by side with the pauses between them, and usual times behind the bar', () => {
    const attempts = [
      { number: 1, status: 'failed', startUnixNano: at(0), endUnixNano: at(20) },
      { number: 2, status: 'ok', startUnixNano: at(80), endUnixNano: at(100) },
    ];
    const one = { ...step('a', 'x', 0, 100), attempts } as unknown as Step;
    const [bar] = laidOut(flow([one, step('b', 'x', 100, 200)]), NOW, {
      fold: false,
      usualOf: ({ id }) => (id === 'a' ? { p50: 20, p95: 50 } : null),
    }).lanes[0]!.bars;
    expect(bar!.attempts.map(({ number, waitMs, named }) => [number, waitMs, named])).toEqual([
      [1, null, true],
      [2, 60, true],
    ]);
    expect(bar!.attempts[1]!.x).toBeCloseTo(0.8);
    expect(bar!.usual).toMatchObject({ p95Ms: 50, isSlow: true });
    expect(bar!.usual!.p50).toBeCloseTo(0.1);
  });

  test('what of a step is on the critical path is a part of its bar', () => {
    const one = flow([step('a', 'x', 0, 100)]);
    const criticalPath = [
      { kind: 'processing', stepId: 'a', hopId: null, startUnixNano: at(0), endUnixNano: at(25) },
      { kind: 'queue-wait', stepId: null, hopId: 'h', startUnixNano: at(25), endUnixNano: at(50) },
      { kind: 'processing', stepId: 'a', hopId: null, startUnixNano: at(50), endUnixNano: at(100) },
    ];
    const [bar] = laidOut({ ...one, criticalPath } as Flow, NOW, { fold: false }).lanes[0]!.bars;
    expect(bar!.critical).toEqual([
      { x: 0, width: 0.25 },
      { x: 0.5, width: 0.5 },
    ]);
  });
});

test('until the width is known, each service has a lane without steps', () => {
  const { lanes, rows } = emptyLayout(
    flow([step('a', 'x', 0, 50), step('b', 'y', 20, 60), step('c', 'x', 70, 80)]),
  );
  expect(lanes.map(({ service, firstRow, bars }) => [service, firstRow, bars.length])).toEqual([
    ['x', 0, 0],
    ['y', 1, 0],
  ]);
  expect(rows).toBe(2);
});
