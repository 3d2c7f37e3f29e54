import { describe, expect, test } from 'vitest';
import { createScale } from './scale.ts';

const range = (from: number, to: number): { from: number; to: number } => ({ from, to });

describe('scale', () => {
  const busy = [range(0, 10), range(100, 110), range(10_000, 10_010)];
  const scale = createScale(busy, range(0, 20_000), () => 0.1);

  test('from 0 to 1, there and back', () => {
    expect([scale.at(-5), scale.at(0), scale.at(20_000), scale.at(30_000)]).toEqual([0, 0, 1, 1]);
    for (const ms of [3, 50, 105, 5000, 10_003, 15_000])
      expect(scale.msAt(scale.at(ms))).toBeCloseTo(ms);
  });

  test('an idle stretch takes so much and no more, wherever it is', () => {
    expect(scale.gaps.map(({ width, ms }) => [width, ms])).toEqual([
      [0.1, 90],
      [0.1, 9890],
      [0.1, 9990],
    ]);
    expect(scale.at(10)).toBeCloseTo(0.7 / 3);
    expect(createScale(busy, range(0, 20_000), () => Infinity).gaps).toEqual([]);
  });

  test('where there is nothing but idleness it is to scale', () => {
    const idle = createScale(busy, range(200, 300), () => 0.1);
    expect(idle.gaps).toEqual([]);
    expect(idle.at(250)).toBeCloseTo(0.5);
  });
});
