import type { Flow } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { goesOn, msSince, scaleOf, timesOf } from './times.ts';

const START = 1_700_000_000_000;
const at = (ms: number): string => `${START + ms}000000`;

test('an instant is read exactly, however many digits it has', () => {
  const since = msSince('1700000000000000500');
  expect(since('1700000000001000501')).toBe(1.000001);
  expect(since('1699999999999000500')).toBe(-1);
  expect(msSince('0')('1500000')).toBe(1.5);
});

test('a step of an ended flow whose end never arrived does not stretch its timeline', () => {
  const flow = {
    ...{ startedAtUnixNano: at(0), phase: 'ended', waitingFor: [] },
    steps: [
      { id: 'killed', status: 'running', startUnixNano: at(10), endUnixNano: null },
      { id: 'again', status: 'ok', startUnixNano: at(20), endUnixNano: at(60) },
    ],
  } as unknown as Flow;
  const times = timesOf(flow, START + 3_600_000);
  expect(times.spans).toEqual([
    { from: 10, to: 60 },
    { from: 20, to: 60 },
  ]);
  expect(times.total).toBe(60);
  expect(goesOn(flow)).toBe(false);
});

test('a running step reaches to now, and what it is to end in has no place of its own', () => {
  const flow = {
    startedAtUnixNano: at(0),
    phase: 'open',
    steps: [{ id: 'a', status: 'running', startUnixNano: at(10), endUnixNano: null }],
    waitingFor: ['a', 'b'].map((afterStepId) => ({
      ...{ afterStepId, hopId: null },
      since: new Date(START + 50).toISOString(),
      lateAt: new Date(START + 500).toISOString(),
      stuckAt: new Date(START + 900).toISOString(),
    })),
  } as unknown as Flow;
  const times = timesOf(flow, START + 100);
  expect(times.spans).toEqual([{ from: 10, to: 100 }]);
  expect(times.ghosts.map(({ waiting }) => waiting.afterStepId)).toEqual(['b']);
  expect(times.ghosts[0]).toMatchObject({ from: 50, to: 100 });
  expect(times.total).toBe(100);
  expect(scaleOf(times, { from: 0, to: 50 }, true).view).toEqual({ from: 0, to: 50 });
});

test('a running step that should have ended is late, then stuck, and leaves room for the others', () => {
  const flow = {
    startedAtUnixNano: at(0),
    phase: 'open',
    steps: [
      { id: 'done', status: 'ok', startUnixNano: at(0), endUnixNano: at(40) },
      { id: 'hung', status: 'running', startUnixNano: at(50), endUnixNano: null },
    ],
    waitingFor: [
      ['hung>end', null],
      ['hung>consumed', 'sent-by-it'],
    ].map(([id, hopId]) => ({
      ...{ id, hopId, afterStepId: 'hung' },
      since: new Date(START + 50).toISOString(),
      lateAt: new Date(START + 60_000).toISOString(),
      stuckAt: new Date(START + (hopId === null ? 90_000 : 60_000)).toISOString(),
    })),
  } as unknown as Flow;
  const [inTime, late, stuck] = [59_999, 60_000, 90_000].map((ms) => timesOf(flow, START + ms));
  expect([inTime, late, stuck].map((times) => times!.overdue.get('hung'))).toEqual([
    undefined,
    'late',
    'stuck',
  ]);
  // The message that it sent is awaited in a place of its own.
  expect(late!.ghosts.map(({ waiting }) => waiting.id)).toEqual(['hung>consumed']);
  expect(stuck!.spans[1]).toEqual({ from: 50, to: 90_000 });
  const scale = scaleOf(stuck!, null, true);
  expect(scale.at(40) - scale.at(0)).toBeGreaterThan(0.3);
});
