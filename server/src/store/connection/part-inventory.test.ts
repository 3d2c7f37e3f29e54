import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { blocksOf, createInventory, expectedBlocks, type Inventory } from './part-inventory.ts';

const directory = mkdtempSync(join(tmpdir(), 'fermata-parts-'));
const table = join(directory, 'table');
const parts = (...names: string[]): void => {
  rmSync(table, { recursive: true, force: true });
  for (const name of names) mkdirSync(join(table, name), { recursive: true });
};
const open = (): Inventory => createInventory(join(directory, 'noted'), table);
/**
 * Simulates a run of the process that begins and ends with these parts. Returns whether the
 * inventory reported a missing part at the start.
 */
const live = (atStart: string[], atEnd = atStart): boolean => {
  parts(...atStart);
  const inventory = open();
  const isMissing = inventory.detectMissing();
  if (isMissing) inventory.due = false;
  parts(...atEnd);
  inventory.save(true);
  return isMissing;
};
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test.each([
  [[], []],
  [['all_1_1_0', 'all_2_2_1', 'all_1_2_2', 'detached', 'format_version.txt'], [[1, 2]]],
  [['all_1_4_2', 'all_6_6_0', 'all_7_9_1_12'], [[1, 4], [6, 9]]], // prettier-ignore
  [['20261129_3_3_0', '20261130_1_2_1', 'tmp_insert_all_9_9_0x'], [[1, 3]]],
])('blocks of %j', (names, blocks) => expect(blocksOf(names)).toEqual(blocks));

test('numbers go on without gaps behind the last that is known', () => {
  expect(expectedBlocks([], [[3, 5]])).toEqual([[1, 5]]);
  expect(expectedBlocks([[2, 4]], [[2, 4], [7, 8]])).toEqual([[2, 8]]); // prettier-ignore
  expect(expectedBlocks([[1, 3], [6, 6]], [[1, 3]])).toEqual([[1, 3], [6, 6]]); // prettier-ignore
});

test('a part that is gone is missed, and merged or expired ones are not', () => {
  mkdirSync(directory, { recursive: true });
  expect(live([], ['all_1_1_1', 'all_2_2_1'])).toBe(false);
  expect(live(['all_1_1_1', 'all_2_2_1'], ['all_1_2_2', 'all_3_3_1'])).toBe(false);
  expect(live(['all_1_2_2', 'all_4_4_1'])).toBe(true); // Block 3 was lost, in either run.
  // A part that expired during a run is not reported at the next start, because the inventory is
  // saved when the run ends.
  expect(live(['all_1_2_2', 'all_4_4_1'], ['all_4_4_1'])).toBe(false);
  expect(live(['all_4_4_1'])).toBe(false);
  expect(live([])).toBe(true);
});

test('what is due outlives whatever the engine makes of the parts, and a crash', () => {
  mkdirSync(directory, { recursive: true });
  live([], ['all_1_1_1', 'all_2_2_1', 'all_3_3_1']);
  parts('all_1_1_1', 'all_3_3_1');
  expect(open().detectMissing()).toBe(true);
  parts('all_1_3_2');
  const after = open();
  expect(after.due).toBe(true);
  expect(after.wasKilled).toBe(true);
  after.save();
  expect(open().due).toBe(true);
  after.due = false;
  after.save(true);
  expect(open().due).toBe(false);
  expect(open().wasKilled).toBe(false);
});

test('a note that cannot be read is none', () => {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'noted'), '{"blocks":');
  parts('all_1_2_1');
  expect(open().detectMissing()).toBe(false);
});
