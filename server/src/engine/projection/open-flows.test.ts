import { expect, test } from 'vitest';
import { manualClock } from '../../base/clock.ts';
import type { Flow } from '../../model/flow.ts';
import { someFlows } from '../../testing/some-flows.ts';
import { createOpenFlows } from './open-flows.ts';

function bench() {
  const clock = manualClock();
  const [plain] = someFlows(1, clock.now()) as [Flow];
  const settled: string[] = [];
  const due: string[] = [];
  const openFlows = createOpenFlows({
    clock,
    settleMs: 1000,
    onSettled: (ids) => settled.push(...ids),
    onDue: (ids) => due.push(...ids),
  });
  const flow = (over: Partial<Flow>): Flow => ({
    ...plain,
    id: 'a',
    phase: 'open',
    idleOutcome: null,
    lastReceivedMs: clock.now(),
    lookAtMs: null,
    ...over,
  });
  return { clock, openFlows, settled, due, flow };
}

test('a flow whose end nobody declares settles after the idle time, and is open no more', () => {
  const { clock, openFlows, settled, flow } = bench();
  openFlows.track(flow({ idleOutcome: 'completed' }));
  clock.advance(999);
  expect([openFlows.size, settled]).toEqual([1, []]);
  clock.advance(1);
  expect([openFlows.size, settled]).toEqual([0, ['a']]);
});

test('a span that arrives meanwhile begins the idle time anew', () => {
  const { clock, openFlows, settled, flow } = bench();
  openFlows.track(flow({ idleOutcome: 'completed' }));
  clock.advance(900);
  openFlows.track(flow({ idleOutcome: 'completed' }));
  clock.advance(999);
  expect(settled).toEqual([]);
  clock.advance(1);
  expect(settled).toEqual(['a']);
});

test('what still awaits something does not settle by itself, however long it is idle', () => {
  const { clock, openFlows, settled, flow } = bench();
  openFlows.track(flow({ idleOutcome: 'completed' }));
  openFlows.track(flow({ idleOutcome: null }));
  clock.advance(100_000);
  expect([openFlows.size, settled]).toEqual([1, []]);
});

test('what has ended, or was idle for long enough before it was projected, is not told as settled', () => {
  const { clock, openFlows, settled, flow } = bench();
  openFlows.track(flow({}));
  openFlows.track(flow({ phase: 'ended', outcome: 'completed' }));
  openFlows.track(flow({ id: 'b', idleOutcome: 'completed', lastReceivedMs: clock.now() - 1000 }));
  clock.advance(100_000);
  expect([openFlows.size, settled]).toEqual([0, []]);
});

test('a flow is judged again when it is due, though it has ended; the latest time counts', () => {
  const { clock, openFlows, due, flow } = bench();
  const now = clock.now();
  openFlows.track(flow({ phase: 'ended', lookAtMs: now + 10 }));
  openFlows.track(flow({ phase: 'ended', lookAtMs: now + 50 }));
  openFlows.track(flow({ id: 'b', lookAtMs: now + 20 }));
  openFlows.track(flow({ id: 'b', lookAtMs: null }));
  clock.advance(49);
  expect(due).toEqual([]);
  clock.advance(1);
  expect(due).toEqual(['a']);
});

test('flows of an earlier run settle and are judged as they were to be', () => {
  const { clock, openFlows, settled, due } = bench();
  const now = clock.now();
  openFlows.restore('both', now + 10, now + 20);
  openFlows.restore('neither', null, null);
  clock.advance(100);
  expect([settled, due, openFlows.size]).toEqual([['both'], ['both'], 1]);
});

test('neither a forgotten flow nor one of a server that stops is told', () => {
  const { clock, openFlows, settled, due } = bench();
  const now = clock.now();
  openFlows.restore('forgotten', now + 10, now + 10);
  openFlows.restore('stopped', now + 50, now + 50);
  openFlows.forget('forgotten');
  expect(openFlows.size).toBe(1);
  clock.advance(20);
  openFlows.stop();
  clock.advance(100);
  expect([settled, due]).toEqual([[], []]);
});
