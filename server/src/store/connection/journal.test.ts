import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { open as openFile, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { manualClock } from '../../base/clock.ts';
import { createCounters } from '../../base/counters.ts';
import { silentLog } from '../../base/log.ts';
import { createJournal, type Journal, type JournalTarget } from './journal.ts';

const target: JournalTarget = { table: 't', columns: ['a'], format: 'TSV' };
/** Returns the row `text` as two buffers, because a payload may consist of several buffers. */
const rows = (text: string): Buffer[] => [
  Buffer.from(text.slice(0, 1)),
  Buffer.from(`${text.slice(1)}\n`),
];

describe('journal', () => {
  let directory: string;
  let table: string[];
  let refuse: (rows: string) => boolean;
  let clock = manualClock(0);
  const make = (over: Partial<Parameters<typeof createJournal>[0]> = {}): Journal =>
    createJournal({
      directory,
      clock,
      holds: 'spans',
      log: silentLog,
      counters: createCounters(),
      target,
      exists: async () => true,
      insert: async (into, payload) => {
        expect(into).toEqual(target);
        if (refuse(payload.toString())) throw new Error('the table refuses');
        table.push(...payload.toString().trimEnd().split('\n'));
      },
      ...over,
    });
  /** Ends the journal as a crash does, without inserting its rows. */
  const ends = async (journal: Journal): Promise<void> => {
    refuse = () => true;
    await journal.close();
    refuse = () => false;
  };
  const files = (): string[] =>
    readdirSync(directory)
      .filter((name) => name !== 'journal.state')
      .map((name) => join(directory, name));

  beforeEach(() => {
    directory = join(mkdtempSync(join(tmpdir(), 'fermata-journal-')), 'journal');
    table = [];
    refuse = () => false;
    clock = manualClock(0);
  });
  afterEach(() => rmSync(join(directory, '..'), { recursive: true, force: true }));

  test('what was appended is in the table after a while, and its file is gone', async () => {
    const journal = make();
    await journal.open();
    await journal.append(rows('a'));
    await journal.append(rows('b'));
    expect([table, files().length]).toEqual([[], 1]);
    clock.advance(1000);
    await journal.flush();
    expect([table, files()]).toEqual([['a', 'b'], []]);
    await journal.close();
  });

  test('parts of nothing change nothing, however many', async () => {
    const nothing = Array.from({ length: 3000 }, () => Buffer.from(new ArrayBuffer(0)));
    const crashed = make();
    await crashed.open();
    await crashed.append([...nothing, ...rows('a'), ...nothing]);
    await crashed.append(nothing);
    await crashed.append(rows('b'));
    await ends(crashed);
    const journal = make();
    await journal.open();
    expect(table).toEqual(['a', 'b']);
    await journal.close();
  });

  test('a crash: whatever was acknowledged is inserted by the next life, in order; a torn record is not', async () => {
    const crashed = make();
    await crashed.open();
    for (const text of ['a', 'b', 'c']) await crashed.append(rows(text));
    const [file] = files();
    const whole = statSync(file!).size;
    await crashed.append(rows('never acknowledged'));
    await ends(crashed);
    const copy = join(directory, '..', 'copy');
    copyFileSync(file!, copy);
    for (const torn of [whole + 20, whole + 3, whole]) {
      copyFileSync(copy, file!);
      truncateSync(file!, torn);
      const journal = make();
      await journal.open();
      expect(table.splice(0)).toEqual(['a', 'b', 'c']);
      await journal.close();
    }
  });

  test('bytes that are not what was written end a segment', async () => {
    const crashed = make();
    await crashed.open();
    for (const text of ['a', 'b']) await crashed.append(rows(text));
    await ends(crashed);
    const [file] = files();
    const bytes = readFileSync(file!);
    bytes[bytes.length - 1] = 0xff;
    writeFileSync(file!, bytes);
    const journal = make();
    await journal.open();
    // The damaged record had been acknowledged. So recovery keeps the damaged file for the
    // operator, and inserts only the intact record.
    expect([table, files()]).toEqual([['a'], [`${file}.damaged`]]);
    await journal.append(rows('c'));
    await journal.close();
    expect(table).toEqual(['a', 'c']);
  });

  test.each([0, 5, 140])(
    '%i zeros, as a loss of power leaves them, keep nobody from starting',
    async (count) => {
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, '000000000007.journal'), Buffer.alloc(count));
      const journal = make();
      await journal.open();
      expect(files()).toEqual([]);
      await journal.append(rows('a'));
      expect(files()).toEqual([join(directory, '000000000008.journal')]);
      await journal.close();
    },
  );

  test('a table that refuses is asked now and then, and costs a few files', async () => {
    let asked = 0;
    refuse = () => ++asked > 0;
    const journal = make();
    await journal.open();
    const large = [Buffer.alloc(1024 * 1024, 'x')];
    for (let i = 0; i < 40; i++) await journal.append(large);
    await expect(journal.flush()).rejects.toThrow('the table refuses');
    const askedOnce = asked;
    for (let i = 0; i < 40; i++) await journal.append(large);
    expect(asked).toBe(askedOnce);
    for (let i = 0; i < 20; i++) {
      clock.advance(1000);
      await expect(journal.flush()).rejects.toThrow('the table refuses');
    }
    expect([asked <= 21 * 2 * 4 * 4, files().length <= 5]).toEqual([true, true]);
    refuse = () => false;
    await journal.flush();
    expect([table.join('').length, files()]).toEqual([80 * large[0]!.length, []]);
    await journal.close();
  });

  test('rows that are in the table are not missed because their file cannot be deleted', async () => {
    const journal = make();
    await journal.open();
    await journal.append(rows('a'));
    rmSync(files()[0]!);
    await journal.append(rows('b'));
    await journal.flush();
    await journal.append(rows('c'));
    await journal.flush();
    expect(table).toEqual(['a', 'b', 'c']);
    await journal.close();
  });

  test('a full disk: what was refused leaves no trace, what came before stays', async () => {
    const journal = make();
    await journal.open();
    await journal.append(rows('a'));
    const [file] = files();
    const size = statSync(file!).size;
    const other = await openFile(file!, 'r');
    await other.close();
    // Simulate a full disk: the write fails after 100 bytes.
    const writing = vi.spyOn(Object.getPrototypeOf(other) as FileHandle, 'writev');
    writing.mockImplementationOnce(async function (this: FileHandle) {
      await this.write(Buffer.alloc(100, 7));
      throw new Error('no space left on device');
    });
    await expect(journal.append(rows('b'))).rejects.toThrow('no space left');
    expect(statSync(file!).size).toBe(size);
    writing.mockRestore();
    await journal.append(rows('c'));
    await ends(journal);
    const next = make();
    await next.open();
    expect(table).toEqual(['a', 'c']);
    await next.close();
  });

  test('a table that refuses: appending goes on, reading says so, it is tried again', async () => {
    refuse = () => true;
    const journal = make();
    await journal.open();
    await journal.append(rows('a'));
    await expect(journal.flush()).rejects.toThrow('the table refuses');
    await journal.append(rows('b'));
    refuse = () => false;
    clock.advance(1000);
    await journal.flush();
    expect([table, files()]).toEqual([['a', 'b'], []]);
    refuse = () => true;
    await journal.append(rows('c'));
    await journal.close();
    expect(files()).toHaveLength(1);
    await expect(make().open()).rejects.toMatchObject({ code: 'store.unavailable' });
    refuse = () => false;
    await make().open();
    expect([table, files()]).toEqual([['a', 'b', 'c'], []]);
  });

  test('the log says what waits: spans, or log records', async () => {
    const said: string[] = [];
    const note = (_fields: object, message: string): void => void said.push(message);
    const log = { info: note, warn: note, error: note };
    refuse = () => true;
    const journal = make({ holds: 'log records', log });
    await journal.open();
    await journal.append(rows('a'));
    await journal.close();
    refuse = () => false;
    const next = make({ holds: 'log records', log });
    await next.open();
    await next.close();
    expect(said).toEqual([
      'log records could not be inserted from the journal; trying again',
      'log records stay in the journal until the next start',
      'log records from the journal of the last run',
    ]);
  });

  test('rows that are never taken hold nobody else back, and are kept', async () => {
    refuse = (text) => text.includes('bad');
    const journal = make();
    await journal.open();
    for (const text of ['a', 'bad', 'b']) await journal.append(rows(text));
    await expect(journal.flush()).rejects.toThrow('the table refuses');
    await journal.append(rows('c'));
    await expect(journal.flush()).rejects.toThrow('the table refuses');
    expect([table, files().length]).toEqual([['a', 'b', 'c'], 1]);
    await journal.close();
  });

  test('memory is bounded: senders wait for the table, then are refused', async () => {
    refuse = () => true;
    const journal = make();
    await journal.open();
    await journal.append([Buffer.alloc(129 * 1024 * 1024, 'x')]);
    await expect(journal.append(rows('a'))).rejects.toThrow('the table refuses');
    refuse = () => false;
    await expect(journal.append(rows('a'))).rejects.toThrow('the table refuses');
    clock.advance(1000);
    await journal.append(rows('a'));
    await journal.close();
    expect(table.at(-1)).toBe('a');
  });

  test('a disk that fails loses what was refused, and nothing before or after it', async () => {
    const journal = make();
    await journal.open();
    renameSync(directory, `${directory}-away`);
    await expect(journal.append(rows('a'))).rejects.toThrow('ENOENT');
    renameSync(`${directory}-away`, directory);
    await journal.append(rows('b'));
    await journal.close();
    expect([table, files()]).toEqual([['b'], []]);
  });
});
