import { expect, test } from 'vitest';
import { createDisk } from './disk.ts';

const MIB = 2 ** 20;
function bench(minFree: number, total = 1000 * 1024 * MIB) {
  const state = { free: 0, isBroken: false, asked: 0 };
  const disk = createDisk({
    directory: '/data',
    minFree,
    readSpace: async () => {
      state.asked++;
      if (state.isBroken) throw new Error('gone');
      return { free: state.free, total };
    },
  });
  const look = async (free: number): Promise<boolean> => {
    state.free = free;
    await disk.look();
    return disk.isLow;
  };
  return { disk, state, look };
}

test('below the mark it is low, and stays so until there is a quarter more', async () => {
  const { look } = bench(100 * MIB);
  const lows: boolean[] = [];
  for (const free of [100, 99, 110, 124, 125, 101, 99]) lows.push(await look(free * MIB));
  expect(lows).toEqual([false, true, true, true, false, false, true]);
});

test('without a mark no disk is low', async () => {
  const { look } = bench(0);
  await expect(look(0)).resolves.toBe(false);
});

test('the usual mark is a tenth of a small disk; who asks for more means it', async () => {
  const usual = bench(256 * MIB, 1000 * MIB);
  await expect(usual.look(101 * MIB)).resolves.toBe(false);
  await expect(usual.look(99 * MIB)).resolves.toBe(true);
  const more = bench(300 * MIB, 1000 * MIB);
  await expect(more.look(299 * MIB)).resolves.toBe(true);
});

test('what a disk cannot tell is not known, and changes no verdict', async () => {
  const { disk, state, look } = bench(100 * MIB);
  await look(50 * MIB);
  expect(disk.free).toBe(50 * MIB);
  state.isBroken = true;
  await expect(disk.look()).resolves.toBeUndefined();
  expect([disk.free, disk.isLow]).toEqual([null, true]);
  expect(disk.conditions()[0]!.text).toContain('Too little space is free');
});

test('it is asked once at a time', async () => {
  const { disk, state } = bench(0);
  await Promise.all([disk.look(), disk.look(), disk.look()]);
  expect(state.asked).toBe(1);
  await disk.look();
  expect(state.asked).toBe(2);
});

test('a low disk says how much is free, from where on it goes on, and takes nothing', async () => {
  const { disk, look } = bench(100 * MIB);
  expect(disk.conditions()).toEqual([]);
  await look(50 * MIB);
  expect(disk.conditions()).toMatchObject([{ id: 'disk-low', blocks: true }]);
  expect(disk.conditions()[0]!.text).toMatch(/^50 MiB are free .* 125 MiB$/);
});
