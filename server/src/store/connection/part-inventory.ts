import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from './replace-file.ts';

/**
 * Tracks which blocks of rows a table has, by the names of the table's parts (`<partition>_<first
 * block>_<last block>_<level>`). The engine numbers inserted blocks without gaps, but does not
 * notice a missing block. So a part that was lost in a power failure is detected only by comparison
 * with an earlier inventory. The comparison has to run before the engine opens, because merges
 * close the gaps.
 */
export interface Inventory {
  /**
   * True if rows were lost and are not rebuilt yet. The value is stored on disk, so that it
   * survives a crash.
   */
  due: boolean;
  /** True if the last run of the process ended without `save(true)`. */
  readonly wasKilled: boolean;
  /**
   * Returns whether blocks are missing. If so, sets `due` to true and writes it to disk before the
   * method returns.
   */
  detectMissing(): boolean;
  /**
   * Takes the names of all broken parts that the engine has detached. Returns the names that are
   * neither in the last inventory nor in the last call.
   */
  newlyDetached(names: readonly string[]): string[];
  /**
   * Writes the current blocks to disk as the complete inventory. While a rebuild is due, keeps the
   * blocks of the previous inventory instead.
   */
  save(isShutdown?: boolean): void;
}

export type Range = readonly [from: number, to: number];

interface Kept {
  blocks: readonly Range[];
  detached: readonly string[];
  due: boolean;
  ended: boolean;
}
const NOTHING: Kept = { blocks: [], detached: [], due: false, ended: true };

const PART = /^([^_]+)_(\d+)_(\d+)_(\d+)(?:_\d+)?$/;
export const isPartName = (name: string): boolean => PART.test(name);

/**
 * Returns the block numbers of these parts as ascending ranges. Parts whose ranges overlap or
 * adjoin are joined into one range.
 */
export function blocksOf(parts: readonly string[]): Range[] {
  const ranges = parts.flatMap((name): Range[] => {
    const match = PART.exec(name);
    return match ? [[Number(match[2]), Number(match[3])]] : [];
  });
  return joined(ranges);
}

function joined(ranges: readonly Range[]): Range[] {
  const all: [number, number][] = [];
  for (const [from, to] of [...ranges].sort(([a], [b]) => a - b)) {
    const last = all.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else all.push([from, to]);
  }
  return all;
}

/** Returns whether one of `ranges` covers the given range. */
const holds = (ranges: readonly Range[], [from, to]: Range): boolean =>
  ranges.some((range) => range[0] <= from && to <= range[1]);

/**
 * Returns the ranges of blocks that should be in the table: the known ranges, and every block
 * between the last known block and the newest present block, because the engine numbers blocks
 * without gaps.
 */
export function expectedBlocks(known: readonly Range[], present: readonly Range[]): Range[] {
  const last = known.at(-1)?.[1] ?? 0;
  const newest = present.at(-1)?.[1] ?? 0;
  return newest > last ? joined([...known, [last + 1, newest]]) : [...known];
}

export function createInventory(file: string, tableDirectory: string): Inventory {
  let kept = read(file);
  const wasKilled = !kept.ended;
  let detached = new Set(kept.detached);
  let due = kept.due;
  const present = (): Range[] => blocksOf(entriesOf(tableDirectory));
  const write = (next: Kept): void => {
    if (JSON.stringify(next) === JSON.stringify(kept)) return;
    replaceFile(file, Buffer.from(JSON.stringify(next)));
    kept = next;
  };

  return {
    get due() {
      return due;
    },
    set due(is: boolean) {
      due = is;
      write({ ...kept, due, detached: [...detached] });
    },
    wasKilled,
    detectMissing() {
      const now = present();
      const isMissing = expectedBlocks(kept.blocks, now).some((range) => !holds(now, range));
      if (isMissing) due = true;
      write({ ...kept, due, ended: false });
      return isMissing;
    },
    newlyDetached(names) {
      const fresh = names.filter((name) => !detached.has(name));
      detached = new Set(names);
      return fresh;
    },
    save(isShutdown = false) {
      write({
        blocks: due ? kept.blocks : present(),
        detached: due ? kept.detached : [...detached],
        due,
        ended: isShutdown,
      });
    },
  };
}

function read(file: string): Kept {
  try {
    return { ...NOTHING, ...(JSON.parse(readFileSync(file, 'utf8')) as Partial<Kept>) };
  } catch {
    // No inventory exists at the first start, nor at the first start of a version that has
    // inventories. With an empty inventory, all blocks from number 1 on are expected.
    return NOTHING;
  }
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

export const inventoryOf = (directory: string, table: string): Inventory =>
  createInventory(
    join(directory, `${table}.blocks`),
    join(directory, 'engine', 'data', 'default', table),
  );
