import { expect, test } from 'vitest';
import type { Layout } from './layout.ts';
import { heightFor, isCut, neighbour, viewFor } from './view.ts';

const layout = (width: number, height: number): Layout => ({
  ...{ key: '', steps: new Map(), ways: new Map(), width, height },
});

test('a small map is in the middle, at its own size', () => {
  expect(viewFor(layout(600, 100), 1000, 240)).toEqual({ x: 200, y: 70, zoom: 1 });
  expect(heightFor(layout(600, 100), 1000, 900)).toBe(220);
});

test('a wide map is made smaller as long as it can be read, then it starts at its left', () => {
  expect(viewFor(layout(1300, 100), 1000, 240).zoom).toBeCloseTo(972 / 1300);
  const view = viewFor(layout(5000, 2000), 1000, 640);
  expect(view).toEqual({ x: 14, y: 14, zoom: 0.7 });
  expect(isCut(layout(5000, 200), view, 1000, 640)).toBe(true);
  expect(isCut(layout(600, 200), view, 1000, 640)).toBe(false);
  expect(heightFor(layout(5000, 2000), 1000, 900)).toBe(610);
  expect(heightFor(layout(5000, 2000), 1000, 300)).toBe(420);
});

test('the first step is in sight, however high the map is', () => {
  const high = { ...layout(600, 4000), steps: new Map([['a', { x: 0, y: 2000 }]]) };
  const { y, zoom } = viewFor(high, 1000, 600);
  expect(y + 2000 * zoom).toBe(300);
  const top = { ...high, steps: new Map([['a', { x: 0, y: 20 }]]) };
  expect(viewFor(top, 1000, 600).y).toBe(14);
});

test('arrow keys lead to the nearest step in their direction', () => {
  const steps = new Map([
    ['a', { x: 0, y: 100 }],
    ['b', { x: 300, y: 0 }],
    ['c', { x: 300, y: 90 }],
    ['d', { x: 600, y: 100 }],
  ]);
  expect(neighbour(steps, 'a', 'ArrowRight')).toBe('c');
  expect(neighbour(steps, 'd', 'ArrowLeft')).toBe('c');
  expect(neighbour(steps, 'c', 'ArrowUp')).toBe('b');
  expect(neighbour(steps, 'b', 'ArrowDown')).toBe('c');
  expect(neighbour(steps, 'a', 'ArrowLeft')).toBeNull();
  expect(neighbour(steps, 'x', 'ArrowLeft')).toBeNull();
  expect(neighbour(steps, 'a', 'Enter')).toBeNull();
});
