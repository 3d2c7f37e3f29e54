import { expect, test } from 'vitest';
import { createCounters } from '../../base/counters.ts';
import { silentLog } from '../../base/log.ts';
import { createReadChunks } from './chunked-reader.ts';

/** Reads rows of these sizes from a simulated engine that can hold a total size of `most`. */
async function read(
  sizes: number[],
  most: number,
): Promise<{ read: string[]; leftOut: number; asked: number }> {
  const counters = createCounters();
  const found: string[] = [];
  let asked = 0;
  const chunks = createReadChunks({ counters, log: silentLog });
  for await (const rows of chunks(
    sizes.map((_, key) => String(key)),
    async (keys) => {
      asked++;
      if (keys.reduce((sum, key) => sum + sizes[Number(key)]!, 0) > most)
        throw new Error(
          'Code: 241. DB::Exception: Query memory limit exceeded: would use 1.97 GiB',
        );
      return keys;
    },
  ))
    found.push(...rows);
  return { read: found, leftOut: counters.read()[0]?.value ?? 0, asked };
}
const names = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => String(from + i));

test('small rows are read in few chunks', async () => {
  expect(await read(Array<number>(2500).fill(1), 1000)).toEqual({
    read: names(0, 2500),
    leftOut: 0,
    asked: 3,
  });
});

test('what is too big together is read in halves, in order', async () => {
  const { read: found, leftOut } = await read(Array<number>(300).fill(10), 100);
  expect(found).toEqual(names(0, 300));
  expect(leftOut).toBe(0);
});

test('a row that is too big by itself is left out, and counted', async () => {
  const sizes = Array<number>(300).fill(1);
  sizes[0] = sizes[7] = sizes[299] = 1001;
  const { read: found, leftOut } = await read(sizes, 1000);
  expect(found).toEqual([...names(1, 7), ...names(8, 299)]);
  expect(leftOut).toBe(3);
});

test('any other failure is one', async () => {
  const chunks = createReadChunks({ counters: createCounters(), log: silentLog });
  await expect(async () => {
    for await (const _ of chunks(['a'], () => Promise.reject(new Error('the disk is gone'))));
  }).rejects.toThrow('the disk is gone');
});
