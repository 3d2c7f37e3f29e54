import { expect, test } from 'vitest';
import { overlap } from './overlap.ts';

test('the next batch is made while the last one is on its way, and each is handed on in order', async () => {
  const events: string[] = [];
  let made = 0;
  const releases: (() => void)[] = [];
  const done = overlap(
    async () => {
      events.push(`make ${++made}`);
      releases[made - 2]?.();
      return made;
    },
    (batch) =>
      new Promise((resolve) => {
        events.push(`hand on ${batch}`);
        releases[batch - 1] = () => {
          events.push(`done ${batch}`);
          resolve();
        };
        if (batch === 3) releases[2]!();
      }),
    () => made < 3,
  );
  await done;
  const order = (event: string): number => events.indexOf(event);
  expect(order('hand on 1')).toBeLessThan(order('make 2'));
  expect(order('make 2')).toBeLessThan(order('done 1'));
  expect(events.filter((event) => event.startsWith('done'))).toEqual([
    'done 1',
    'done 2',
    'done 3',
  ]);
});

test('what was made is handed on although handing on what came before it failed', async () => {
  const handed: number[] = [];
  let made = 0;
  const failing = overlap(
    async () => ++made,
    async (batch) => {
      handed.push(batch);
      if (batch === 1) throw new Error('refused');
    },
    () => made < 3,
  );
  await expect(failing).rejects.toThrow('refused');
  expect(handed).toEqual([1, 2]);
});
