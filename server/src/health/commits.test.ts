import { expect, test } from 'vitest';
import { manualClock } from '../base/clock.ts';
import { createCommits } from './commits.ts';

function bench() {
  const clock = manualClock();
  const state = { isDown: true, probes: 0, oldestMs: 0 };
  const commits = createCommits({
    clock,
    oldestMs: () => state.oldestMs,
    probe: async () => {
      state.probes++;
      if (state.isDown) throw new Error('still down');
    },
  });
  const ids = (): string[] => commits.conditions().map(({ id }) => id);
  return { clock, state, commits, ids };
}

test('a commit that failed is believed until another succeeds', () => {
  const { clock, commits, ids } = bench();
  expect(ids()).toEqual([]);
  const since = clock.now();
  commits.happened(new Error('no space'));
  clock.advance(5000);
  commits.happened(new Error('no space'));
  expect(commits.conditions()).toMatchObject([{ id: 'commits-failing', blocks: true, since }]);
  commits.happened();
  expect(ids()).toEqual([]);
});

test('where nobody sends, something small is written once it is due', async () => {
  const { clock, state, commits, ids } = bench();
  commits.happened(new Error('no space'));
  clock.advance(1999);
  await commits.look();
  expect(state.probes).toBe(0);
  clock.advance(1);
  await commits.look();
  expect([state.probes, ids()]).toEqual([1, ['commits-failing']]);
  // The probe failed just now, so it is not repeated immediately.
  await commits.look();
  expect(state.probes).toBe(1);
  state.isDown = false;
  clock.advance(2000);
  await commits.look();
  expect([state.probes, ids()]).toEqual([2, []]);
});

test('it is tried ever more seldom where what is small succeeds and commits go on to fail', async () => {
  const { clock, state, commits } = bench();
  state.isDown = false;
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    commits.happened(new Error('no space'));
    let waited = 0;
    for (const before = state.probes; state.probes === before; waited += 1000) {
      clock.advance(1000);
      await commits.look();
    }
    waits.push(waited / 1000);
  }
  expect(waits).toEqual([2, 4, 8, 16, 32, 60, 60, 60]);
  commits.happened();
  commits.happened(new Error('no space'));
  clock.advance(2000);
  await commits.look();
  expect(state.probes).toBe(9);
});

test('it is tried once at a time, and not where nothing fails', async () => {
  const { clock, state, commits } = bench();
  await commits.look();
  commits.happened(new Error('no space'));
  clock.advance(2000);
  await Promise.all([commits.look(), commits.look()]);
  expect(state.probes).toBe(1);
});

test('a request that waits for long is a condition of its own', () => {
  const { clock, state, commits } = bench();
  state.oldestMs = 10_000;
  expect(commits.conditions()).toEqual([]);
  state.oldestMs = 12_400;
  expect(commits.conditions()).toMatchObject([
    {
      ...{ id: 'commits-waiting', text: 'A request has waited 12 s to be stored' },
      since: clock.now() - 12_400,
    },
  ]);
});

test('commits go on where one succeeded a moment ago', () => {
  const { clock, commits } = bench();
  expect(commits.goOn).toBe(false);
  commits.happened();
  clock.advance(10_000);
  expect(commits.goOn).toBe(true);
  clock.advance(1);
  expect(commits.goOn).toBe(false);
});
