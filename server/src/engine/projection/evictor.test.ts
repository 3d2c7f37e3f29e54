import { expect, test } from 'vitest';
import { manualClock } from '../../base/clock.ts';
import type { FlowChange } from '../../model/flow.ts';
import { flowKeyOf, type FlowKey } from '../../model/keys.ts';
import { createEvictor } from './evictor.ts';

const keyOf = (id: string): FlowKey => flowKeyOf('', id, 't');
const gone = (id: string): FlowChange => ({ kind: 'tombstone', id, version: 2, movedTo: null });

/**
 * Creates an evictor over a simulated correlator. `unwritten` are ids of flows that still have rows
 * which are not durable.
 */
function bench(idle = 0, unwritten: readonly string[] = [], dirty: readonly string[] = []) {
  const clock = manualClock();
  const asked: number[] = [];
  const marked: FlowKey[] = [];
  const dropped: FlowKey[] = [];
  let left = idle;
  const evictor = createEvictor(
    clock,
    {
      markIdle: (key) => void marked.push(key),
      evictIdle(most) {
        asked.push(most);
        const count = Math.min(most, left);
        left -= count;
        return new Set(Array.from({ length: count }, (_, i) => keyOf(`idle ${left + i}`)));
      },
      get idleFlows() {
        return left;
      },
    },
    {
      written: ({ id }) => (unwritten.includes(id) ? undefined : keyOf(id)),
      drop: (key) => void dropped.push(key),
    },
    { has: (key) => dirty.some((id) => keyOf(id) === key) },
  );
  return { clock, evictor, asked, marked, dropped };
}

test('a flow is idle once all of its rows are durable and nothing of it changed since', () => {
  const { evictor, marked } = bench(0, ['half written'], ['changed again']);
  evictor.written([gone('a'), gone('half written'), gone('changed again')]);
  expect(marked).toEqual([keyOf('a')]);
});

test('more are evicted where more was written, and what is evicted is no longer shown', () => {
  const { evictor, asked, dropped } = bench(70);
  evictor.written([gone('a'), gone('b')]);
  expect(asked).toEqual([64]);
  expect(dropped).toHaveLength(64);
});

test('where nothing is written the rest is evicted by and by, and then nothing is asked for', () => {
  const { clock, evictor, asked, dropped } = bench(60 + 500 + 1);
  evictor.written([]);
  clock.advance(2499);
  expect(asked).toEqual([60]);
  clock.advance(1 + 2500);
  expect(asked).toEqual([60, 500, 500]);
  expect(dropped).toHaveLength(561);
  clock.advance(100_000);
  expect(asked).toHaveLength(3);
});

test('what is written moves the next eviction, and stopping takes it back', () => {
  const { clock, evictor, asked } = bench(10_000);
  evictor.written([]);
  clock.advance(2000);
  evictor.written([]);
  clock.advance(2000);
  expect(asked).toEqual([60, 60]);
  evictor.stop();
  clock.advance(100_000);
  expect(asked).toHaveLength(2);
});
