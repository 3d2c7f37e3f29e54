import { expect, test } from 'vitest';
import { manualClock } from '../base/clock.ts';
import type { Silence } from '../model/incident.ts';
import { createSilences } from './silences.ts';

function bench() {
  const clock = manualClock();
  const saved: Silence[] = [];
  const state = { isDown: false };
  const silences = createSilences(clock, async (silence) => {
    if (state.isDown) throw new Error('down');
    saved.push(silence);
  });
  const add = (forMs: number, comment = '') =>
    silences.add({ rule: '', flowType: '', service: '', until: clock.now() + forMs, comment });
  return { clock, saved, state, silences, add };
}

test('a silence is written down before it counts, and the newest is listed first', async () => {
  const { clock, saved, silences, add } = bench();
  await add(1000, 'first');
  clock.advance(1);
  await add(1000, 'second');
  expect(silences.list().map(({ comment }) => comment)).toEqual(['second', 'first']);
  expect(saved.map(({ comment }) => comment)).toEqual(['first', 'second']);
});

test('one that could not be written down does not count', async () => {
  const { state, silences, add } = bench();
  state.isDown = true;
  await expect(add(1000)).rejects.toThrow('down');
  expect(silences.list()).toEqual([]);
});

test('two of one instant are two', async () => {
  const { silences, add } = bench();
  const [one, two] = [await add(1000), await add(1000)];
  expect(one.id).not.toBe(two.id);
  expect(silences.list()).toHaveLength(2);
});

test('ending says what it was and what it is, and its newer version replaces the stored one', async () => {
  const { clock, saved, silences, add } = bench();
  const { id, until, version } = await add(1000);
  clock.advance(400);
  const ended = await silences.end(id);
  expect(ended!.was).toMatchObject({ until });
  expect(ended!.is).toMatchObject({ until: clock.now(), version: version + 1 });
  expect(saved.at(-1)).toEqual(ended!.is);
  expect(silences.list()).toEqual([ended!.is]);
});

test('one that has ended ends no later by being ended again', async () => {
  const { clock, silences, add } = bench();
  const { id, until } = await add(1000);
  clock.advance(5000);
  expect((await silences.end(id))!.is.until).toBe(until);
  await expect(silences.end('unknown')).resolves.toBeUndefined();
});

test('those that have ended make room, those that have not do not', async () => {
  const { clock, silences, add } = bench();
  await add(10, 'short');
  const long: Silence[] = [];
  for (let i = 0; i < 999; i++) long.push(await add(100_000));
  await expect(add(1000)).rejects.toMatchObject({ code: 'query.invalid' });
  clock.advance(10);
  await add(100_000, 'more');
  expect(silences.list()).toHaveLength(1000);
  expect(silences.list().map(({ comment }) => comment)).not.toContain('short');
  await expect(add(1000)).rejects.toThrow('there are 1000 silences already');
  await silences.end(long[0]!.id);
  await expect(add(1000)).resolves.toMatchObject({ rule: '' });
});

test('silences of an earlier run count as they were', () => {
  const { silences } = bench();
  const stored: Silence = {
    ...{ id: 's', rule: 'r', flowType: '', service: '', createdAt: 1, until: 2 },
    ...{ comment: 'c', version: 3 },
  };
  silences.load([stored]);
  expect(silences.list()).toEqual([stored]);
});
