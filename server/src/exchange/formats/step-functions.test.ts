import { expect, test } from 'vitest';
import { spansOf } from './step-functions.ts';

const event = (id: number, previousEventId: number, type: string, name?: string) => ({
  ...{ id, previousEventId, type, timestamp: `2026-01-01T00:00:0${id % 10}Z` },
  ...(name !== undefined && { stateEnteredEventDetails: { name } }),
});

test('events belong to the state that leads to them, and those of a map to the map', () => {
  const events = [
    event(1, 0, 'ExecutionStarted'),
    event(2, 1, 'MapStateEntered', 'all'),
    event(3, 2, 'MapStateStarted'),
    event(4, 3, 'MapIterationStarted'),
    event(5, 4, 'TaskStateEntered', 'pay'),
    event(6, 5, 'TaskFailed'),
    event(7, 6, 'MapIterationFailed'),
    event(8, 7, 'MapStateFailed'),
    event(9, 8, 'ExecutionFailed'),
  ];
  const [whole, all, pay] = spansOf('order', 'o1', events);
  expect([whole!.name, whole!.error]).toEqual(['order', 'failed']);
  expect(all).toMatchObject({ name: 'all', parent: 'execution', error: 'failed' });
  expect(pay).toMatchObject({ name: 'pay', parent: 'event 2', error: 'failed' });
  expect(pay!.end! - pay!.start).toBe(1_000_000_000n);
  expect(all!.end! - all!.start).toBe(6_000_000_000n);
  // AWS can return a history in reverse order, so the order is determined by the ids.
  expect(spansOf('order', 'o1', [...events].reverse())[1]).toMatchObject({ parent: 'event 2' });
});

test('causes that go round in a circle lead to no state', () => {
  const events = [event(1, 2, 'TaskScheduled'), event(2, 1, 'TaskStarted'), event(3, 3, 'Pass')];
  expect(spansOf('order', 'o1', events)).toHaveLength(1);
});

/** Returns how often causes are read for a chain of `count` events that contains no state. */
function looksFor(count: number): number {
  let looks = 0;
  const events = Array.from({ length: count }, (_, i) => ({
    ...event(i + 1, i, 'TaskScheduled'),
    get previousEventId() {
      looks++;
      return i;
    },
  }));
  spansOf('order', 'o1', events);
  return looks;
}

test('the work grows as a chain of causes does', () => {
  expect(looksFor(2000)).toBeLessThanOrEqual(2 * looksFor(1000));
});

test.each(['StateExited', 'TaskFailed'])(
  'the work grows as events do, also where they have one id: %s',
  (type) => {
    let looks = 0;
    const looksFor = (count: number): number => {
      looks = 0;
      const events = Array.from({ length: count }, (_, i) => ({
        ...{ id: i < count / 2 ? 1 : i, previousEventId: i < count / 2 ? 0 : 1 },
        ...(i < count / 2 && { stateEnteredEventDetails: { name: 'pay' } }),
        get type() {
          looks++;
          return i < count / 2 ? 'TaskStateEntered' : i === count - 1 ? type : 'TaskScheduled';
        },
      }));
      expect(spansOf('order', 'o1', events)).toHaveLength(count / 2 + 1);
      return looks;
    };
    const [small, large] = [looksFor(500), looksFor(1000)];
    expect(large).toBeLessThanOrEqual(2 * small + 10);
  },
);
