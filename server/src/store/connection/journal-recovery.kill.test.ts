import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import type * as promises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { manualClock } from '../../base/clock.ts';
import { createCounters } from '../../base/counters.ts';
import { createJournal, type Journal, type JournalTarget } from './journal.ts';

/**
 * Intercepts every operation on the disk. The hooks copy the directory before an operation, or make
 * the operation fail.
 */
interface Disk {
  before: (
    operation: string,
    path: string,
    bytes: readonly Buffer[],
    at: number | undefined,
  ) => void;
  after: (operation: string, path: string) => void;
}
const hooks = vi.hoisted((): { disk: Disk | undefined } => ({ disk: undefined }));
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof promises>();
  const through = async <T>(
    operation: string,
    path: string,
    run: () => Promise<T>,
    bytes: readonly Buffer[] = [],
    at?: number,
  ): Promise<T> => {
    hooks.disk?.before(operation, path, bytes, at);
    const result = await run();
    hooks.disk?.after(operation, path);
    return result;
  };
  const wrapped = (file: promises.FileHandle, path: string): promises.FileHandle =>
    new Proxy(file, {
      get(_target, name: keyof promises.FileHandle) {
        const value: unknown = Reflect.get(file, name);
        if (typeof value !== 'function') return value;
        const call = (...args: unknown[]): unknown =>
          (value as (...all: unknown[]) => unknown).apply(file, args);
        if (name === 'writev')
          return (parts: Buffer[]) =>
            through(name, path, () => call(parts) as Promise<unknown>, parts);
        if (name === 'write')
          return (bytes: Buffer, from: number, length: number, at: number) =>
            through(
              name,
              path,
              () => call(bytes, from, length, at) as Promise<unknown>,
              [bytes],
              at,
            );
        if (name === 'sync' || name === 'datasync' || name === 'truncate')
          return (...args: unknown[]) =>
            through(name, path, () => call(...args) as Promise<unknown>);
        return call;
      },
    });
  return {
    ...fs,
    open: async (path: string, ...rest: never[]) =>
      wrapped(await through('open', path, () => fs.open(path, ...rest)), path),
    unlink: (path: string) => through('unlink', path, () => fs.unlink(path)),
    rename: (from: string, to: string) => through('rename', from, () => fs.rename(from, to)),
  };
});

const target: JournalTarget = { table: 't', columns: ['a'], format: 'TSV' };
/** CI runs the same histories every time. Set PROPERTY_RUNS and PROPERTY_SEED to try others. */
const HISTORIES = Number(process.env['PROPERTY_RUNS'] ?? 8);
const SEED = Number(process.env['PROPERTY_SEED'] ?? 42);
const root = mkdtempSync(join(tmpdir(), 'fermata-journal-kill-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function seeded(seed: number): (count: number) => number {
  let state = seed;
  return (count) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * count);
  };
}

interface World {
  table: Set<string>;
  errors: string[];
  lost: number;
  refuses: (row: string) => boolean;
}
const newWorld = (): World => ({ table: new Set(), errors: [], lost: 0, refuses: () => false });
const clock = manualClock(0);

function journalOf(directory: string, world: World): Journal {
  const counters = createCounters();
  return createJournal({
    directory,
    holds: 'spans',
    clock,
    counters: {
      ...counters,
      add: (name, by = 1) => {
        if (/damaged|missing/.test(name)) world.lost += by;
      },
    },
    log: {
      info: () => undefined,
      warn: () => undefined,
      error: (fields, message) => void world.errors.push(`${message} ${JSON.stringify(fields)}`),
    },
    target,
    insert: async (_into, rows) => {
      const names = rows.toString().trimEnd().split('\n');
      if (names.some((name) => world.refuses(name))) throw new Error('the table refuses');
      for (const name of names) world.table.add(name);
    },
    exists: async () => true,
  });
}

/**
 * Copy of the directory as it would be after a crash of the process or the computer at that moment.
 */
interface Image {
  directory: string;
  acknowledged: string[];
  table: string[];
}

/**
 * Simulates a disk that keeps all synced writes, and keeps or loses unsynced writes at random.
 * Deletions take effect immediately, which is the harder case for recovery.
 */
function createDisk(
  directory: string,
  roll: (count: number) => number,
  take: (copy: (to: string) => void) => void,
) {
  const synced = new Map<string, Buffer>();
  const names = new Set<string>();
  let failing = 0;
  const contentOf = (path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch {
      return Buffer.alloc(0);
    }
  };
  const disk: Disk = {
    before(operation, path, bytes, at) {
      if (roll(8) === 0) {
        take((to) => cpSync(directory, to, { recursive: true }));
        const written = Buffer.concat(bytes);
        if (written.length > 0)
          take((to) => {
            cpSync(directory, to, { recursive: true });
            const file = join(to, path.slice(directory.length));
            const now = contentOf(file);
            const part = written.subarray(0, roll(written.length));
            const next = Buffer.alloc(Math.max(now.length, (at ?? now.length) + part.length));
            now.copy(next);
            part.copy(next, at ?? now.length);
            writeFileSync(file, next);
          });
        take((to) => {
          mkdirSync(to);
          for (const name of readdirSync(directory)) {
            const now = contentOf(join(directory, name));
            const kept = synced.get(join(directory, name)) ?? Buffer.alloc(0);
            const more = now.length - kept.length;
            const content = [
              kept,
              now.subarray(0, kept.length + (more > 0 ? roll(more) : 0)),
              Buffer.concat([kept, Buffer.alloc(Math.max(0, more))]),
            ][name.endsWith('.journal') ? roll(3) : 0]!;
            if (names.has(name) || roll(2) === 0) writeFileSync(join(to, name), content);
          }
        });
      }
      if (failing > 0 && roll(failing) === 0) throw new Error(`EIO: ${operation}`);
    },
    after(operation, path) {
      if (operation === 'datasync') synced.set(path, contentOf(path));
      if (operation === 'sync') for (const name of readdirSync(directory)) names.add(name);
      if (operation === 'truncate') synced.set(path, contentOf(path));
      if (operation === 'rename' || operation === 'unlink') synced.delete(path);
    },
  };
  return {
    disk,
    fail: (often: number): void => {
      failing = often;
    },
  };
}

describe('a journal whose process may end at any moment', () => {
  test(
    'what was acknowledged is there; no loss is said that is none; one that is one is said',
    { timeout: 60_000 * HISTORIES },
    async () => {
      let images = 0;
      let losses = 0;
      for (let history = 0; history < HISTORIES; history++) {
        const roll = seeded(SEED + history);
        const directory = join(root, `history-${history}`, 'journal');
        mkdirSync(dirname(directory));
        const world = newWorld();
        const acknowledged: string[] = [];
        const taken: Image[] = [];
        const { disk, fail } = createDisk(directory, roll, (copy) => {
          const to = join(root, `image-${history}-${taken.length}`);
          copy(to);
          taken.push({ directory: to, acknowledged: [...acknowledged], table: [...world.table] });
        });
        let journal = journalOf(directory, world);
        await journal.open();
        hooks.disk = disk;
        for (let step = 0; step < 25; step++) {
          const steps = [
            async () => {
              const name = `${roll(6) === 0 ? 'bad' : 'row'}-${step}`;
              await journal.append([Buffer.from(`${name}\n`)]);
              acknowledged.push(name);
            },
            () => journal.flush(),
            async () =>
              void (world.refuses = roll(2) === 0 ? () => true : (name) => name.startsWith('bad')),
            async () => clock.advance(1000),
            async () => fail(roll(2) * 6),
            async () => {
              await journal.close();
              world.refuses = () => roll(20) === 0;
              for (let isOpen = false; !isOpen;) {
                journal = journalOf(directory, world);
                isOpen = await journal.open().then(
                  () => true,
                  () => false,
                );
              }
              world.refuses = () => false;
            },
          ];
          await steps[[0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5][roll(11)]!]!().catch(() => undefined);
        }
        hooks.disk = undefined;
        // Recovery must not report any loss, although some writes failed: a record whose write
        // failed was never acknowledged.
        expect(
          world.errors.filter((message) => !message.includes('could not be inserted')),
        ).toEqual([]);
        world.refuses = () => true;
        await journal.close();

        for (const image of taken) {
          images++;
          const spoiled = `${image.directory}-spoiled`;
          cpSync(image.directory, spoiled, { recursive: true });
          const next = newWorld();
          const there = journalOf(image.directory, next);
          await there.open();
          const all = new Set([...image.table, ...next.table]);
          expect(image.acknowledged.filter((name) => !all.has(name))).toEqual([]);
          expect([next.errors, next.lost]).toEqual([[], 0]);
          await there.close();

          const segments = readdirSync(spoiled).filter((name) => name.endsWith('.journal'));
          if (segments.length > 0) {
            unlinkSync(join(spoiled, segments[roll(segments.length)]!));
            const left = newWorld();
            const rest = journalOf(spoiled, left);
            await rest.open();
            await rest.close();
            const still = new Set([...image.table, ...left.table]);
            const lost = image.acknowledged.filter((name) => !still.has(name)).length;
            if (lost > 0) {
              losses++;
              expect(left.errors).not.toEqual([]);
              expect(left.lost).toBeGreaterThan(0);
            }
          }
          for (const path of [spoiled, image.directory])
            rmSync(path, { recursive: true, force: true });
        }
        rmSync(dirname(directory), { recursive: true, force: true });
      }
      expect([images > 5 * HISTORIES, losses > HISTORIES]).toEqual([true, true]);
    },
  );
});
