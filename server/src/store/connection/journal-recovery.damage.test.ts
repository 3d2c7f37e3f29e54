import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { crc32 } from 'node:zlib';
import { manualClock } from '../../base/clock.ts';
import { createCounters } from '../../base/counters.ts';
import { createJournal, type Journal, type JournalTarget } from './journal.ts';
import { encodeTarget, headAt } from './journal-record.ts';

const target: JournalTarget = { table: 't', columns: ['a'], format: 'TSV' };
/** CI runs the same random cases every time. Set PROPERTY_SEED to try others. */
let state = Number(process.env['PROPERTY_SEED'] ?? 42);
const roll = (count: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * count);
};
const pick = <T>(list: readonly T[]): T => list[roll(list.length)]!;

interface Life {
  journal: Journal;
  table: string[];
  errors: string[];
  warnings: string[];
  lost(): number;
  refuse: boolean;
}

function live(directory: string, options: Partial<Parameters<typeof createJournal>[0]> = {}): Life {
  const counters = createCounters();
  const life: Life = {
    table: [],
    errors: [],
    warnings: [],
    refuse: false,
    lost: () =>
      counters
        .read()
        .filter(({ name }) => /^fermata_journal_(damaged|missing)_records_total$/.test(name))
        .reduce((sum, { value }) => sum + value, 0),
    journal: createJournal({
      directory,
      holds: 'spans',
      clock: manualClock(0),
      counters,
      log: {
        info: () => undefined,
        warn: (fields, message) => void life.warnings.push(`${message} ${JSON.stringify(fields)}`),
        error: (fields, message) => void life.errors.push(`${message} ${JSON.stringify(fields)}`),
      },
      target,
      insert: async (_into, rows) => {
        const lines = rows.toString().trimEnd().split('\n');
        if (life.refuse || lines.some((line) => line.startsWith('bad')))
          throw new Error('the table refuses');
        life.table.push(...lines.map((line) => line.split(' ')[0]!));
      },
      exists: async () => true,
      ...options,
    }),
  };
  return life;
}
const rowOf = (name: string, size: number): Buffer[] => [
  Buffer.from(`${name} ${'x'.repeat(size)}\n`),
];
/** Returns an `insert` that accepts every row, including rows whose names begin with "bad". */
const takesAll = (life: {
  table: string[];
}): { insert: (into: JournalTarget, rows: Buffer) => Promise<void> } => ({
  insert: async (_into, rows) =>
    void life.table.push(
      ...rows
        .toString()
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ')[0]!),
    ),
});
const after = (
  directory: string,
  options: Partial<Parameters<typeof createJournal>[0]> = {},
): Life => {
  const sink: { table: string[] } = { table: [] };
  const life = live(directory, { ...takesAll(sink), ...options });
  life.table = sink.table;
  return life;
};

/** Position of a row: its file, and its range of bytes in this file. */
interface Place {
  name: string;
  file: string;
  from: number;
  to: number;
}
function placesOf(directory: string): Place[] {
  return segmentsOf(directory).flatMap((file) => {
    const bytes = readFileSync(join(directory, file));
    const places: Place[] = [];
    for (let at = 0; at < bytes.length;) {
      const { from, to } = headAt(bytes, at)!;
      const name = bytes.subarray(from, to).toString().split(' ')[0]!;
      if (!name.startsWith('{')) places.push({ name, file, from: at, to });
      at = to;
    }
    return places;
  });
}
const segmentsOf = (directory: string): string[] =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.journal'))
    .sort();

describe('a journal that was damaged while nobody wrote it', () => {
  const root = mkdtempSync(join(tmpdir(), 'fermata-journal-damage-'));
  const base = join(root, 'base');
  const image = join(root, 'image');
  let inTable: string[];
  let places: Place[];

  /**
   * Builds a journal of five segments. The first segment stays because it holds a row that the
   * table never accepts. The segments directly after it were inserted and deleted, so their numbers
   * are missing.
   */
  beforeAll(async () => {
    const running = join(root, 'running');
    const life = live(running);
    await life.journal.open();
    let count = 0;
    const append = async (rows: number): Promise<void> => {
      for (let i = 0; i < rows; i++)
        await life.journal.append(rowOf(`r${count++}`, 1 + roll(pick([100, 3000, 9000]))));
    };
    await append(2);
    await life.journal.append(rowOf('bad', 10));
    for (let i = 0; i < 3; i++) {
      await life.journal.flush().catch(() => undefined);
      await append(3);
    }
    life.refuse = true;
    for (let i = 0; i < 5; i++) {
      await append(4 + roll(8));
      await life.journal.flush().catch(() => undefined);
    }
    await append(3);
    inTable = [...life.table];
    cpSync(running, base, { recursive: true });
    await life.journal.close();
    places = placesOf(base);
    expect(segmentsOf(base).length).toBe(5);
    expect(inTable.length).toBeGreaterThan(5);
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  const anew = (): string => {
    rmSync(image, { recursive: true, force: true });
    cpSync(base, image, { recursive: true });
    return image;
  };
  const edit = (file: string, change: (bytes: Buffer) => Buffer | void): void => {
    const path = join(image, file);
    const bytes = readFileSync(path);
    writeFileSync(path, change(bytes) ?? bytes);
  };
  const sizeOf = (file: string): number => statSync(join(base, file)).size;

  /**
   * Kinds of damage, by name. Each function damages the image, and returns a predicate that is true
   * for the rows that this damage may destroy.
   */
  const DAMAGES: Record<string, (file: string) => (place: Place) => boolean> = {
    'a bit that flipped': (file) => {
      const at = roll(sizeOf(file));
      edit(file, (bytes) => void (bytes[at]! ^= 1 << roll(8)));
      return (place) => place.file === file && place.from <= at && at < place.to;
    },
    'a page of zeros': (file) => {
      const at = 4096 * roll(Math.ceil(sizeOf(file) / 4096));
      edit(file, (bytes) => void bytes.fill(0, at, Math.min(bytes.length, at + 4096)));
      return (place) => place.file === file && place.from < at + 4096 && at < place.to;
    },
    'a tail that is torn': (file) => {
      // Do not cut the newest segment exactly between two records, because such a cut cannot be
      // detected: no manifest says how long the newest segment was.
      const ends = new Set(places.map(({ to }) => to));
      let at = roll(sizeOf(file));
      while (file === segmentsOf(base).at(-1) && ends.has(at)) at = roll(sizeOf(file));
      truncateSync(join(image, file), at);
      return (place) => place.file === file && place.to > at;
    },
    'a file cut between two records': (file) => {
      const all = segmentsOf(base);
      const older = file === all.at(-1) ? all[0]! : file;
      const { from: at } = pick(places.filter((place) => place.file === older));
      truncateSync(join(image, older), at);
      return (place) => place.file === older && place.to > at;
    },
    'bytes in between': (file) => {
      const at = roll(sizeOf(file) + 1);
      edit(file, (bytes) =>
        Buffer.concat([
          bytes.subarray(0, at),
          Buffer.alloc(1 + roll(6000), 'junk'),
          bytes.subarray(at),
        ]),
      );
      return (place) => place.file === file && place.from < at && at < place.to;
    },
    'a file that is missing': (file) => {
      unlinkSync(join(image, file));
      return (place) => place.file === file;
    },
    'a file that is empty': (file) => {
      truncateSync(join(image, file), 0);
      return (place) => place.file === file;
    },
    'a file of zeros': (file) => {
      edit(file, (bytes) => void bytes.fill(0));
      return (place) => place.file === file;
    },
  };

  test.each(Object.entries(DAMAGES))(
    '%s: what it hits is missing at most, which is said, counted and kept, once',
    async (name, damage) => {
      for (let i = 0; i < 28; i++) {
        anew();
        const file = pick(segmentsOf(base));
        const isHit = damage(file);
        const life = after(image);
        await life.journal.open();
        const hit = places.filter(isHit).map((place) => place.name);
        const lost = places.map((place) => place.name).filter((row) => !life.table.includes(row));
        expect(hit).toEqual(expect.arrayContaining(lost));
        const said = [...life.errors, ...life.warnings];
        expect(said.length).toBeGreaterThan(0);
        // The number of lost records is inexact for the newest segment, because no manifest says
        // where this segment ended.
        const isExact = file !== segmentsOf(base).at(-1);
        if (isExact) expect([life.lost(), life.errors.length > 0]).toEqual([lost.length, true]);
        expect(segmentsOf(image)).toEqual([]);
        const isKept = readdirSync(image).includes(`${file}.damaged`);
        if (isExact) expect(isKept).toBe(name !== 'a file that is missing');
        await life.journal.append(rowOf('z', 1));
        await life.journal.flush();
        await life.journal.close();
        expect(life.table.at(-1)).toBe('z');

        const next = after(image);
        await next.journal.open();
        expect([next.table, next.errors, next.warnings]).toEqual([[], [], []]);
        await next.journal.close();
      }
    },
  );

  test('nothing is said of one that is as it was, or of files that were written to the end of a page', async () => {
    for (const zeros of [0, 1, 4096]) {
      anew();
      edit(segmentsOf(base).at(-1)!, (bytes) => Buffer.concat([bytes, Buffer.alloc(zeros)]));
      const life = after(image);
      await life.journal.open();
      expect(life.table.sort()).toEqual(places.map(({ name }) => name).sort());
      expect([life.errors, life.lost(), life.warnings.length]).toEqual([[], 0, zeros > 0 ? 1 : 0]);
      expect(readdirSync(image)).toEqual(['journal.state']);
    }
  });

  test('a record that is cut short at the very end is kept, for it may have been acknowledged', async () => {
    anew();
    const file = segmentsOf(base).at(-1)!;
    truncateSync(join(image, file), sizeOf(file) - 1);
    const life = after(image);
    await life.journal.open();
    expect([life.errors, life.lost(), life.warnings.length]).toEqual([[], 0, 1]);
    expect(existsSync(join(image, `${file}.torn`))).toBe(true);
  });

  test.each(['journal.state'])(
    '%s: damaged or missing, no row is lost, and it is said',
    async (name) => {
      for (const spoil of [
        () => unlinkSync(join(image, name)),
        () => truncateSync(join(image, name), 0),
        () => edit(name, (bytes) => void bytes.fill(7)),
      ]) {
        anew();
        spoil();
        const life = after(image);
        await life.journal.open();
        expect(life.table.sort()).toEqual(places.map((place) => place.name).sort());
        expect([life.errors.length, life.lost()]).toEqual([1, 0]);
        const next = after(image);
        await next.journal.open();
        expect([next.table, next.errors]).toEqual([[], []]);
      }
      anew();
      edit(name, (bytes) => void bytes.fill(0, 0, 4096));
      const life = after(image);
      await life.journal.open();
      expect([life.errors, life.warnings, life.table.length]).toEqual([[], [], places.length]);
    },
  );

  test('a head that is damaged: another version wrote other columns, and the rows go under those', async () => {
    anew();
    const file = pick(segmentsOf(base));
    edit(file, (bytes) => void (bytes[50]! ^= 1));
    const into = new Set<string>();
    const life = after(image, {
      target: { ...target, columns: ['a', 'b'] },
      insert: async ({ columns }) => void into.add(columns.join()),
    });
    await life.journal.open();
    expect([[...into], life.errors.length]).toEqual([['a'], 1]);
  });

  test('what is not of the journal is left alone, and what it wrote for a table that is gone is kept', async () => {
    anew();
    mkdirSync(join(image, '000000000998.journal'));
    writeFileSync(join(image, 'notes.journal'), 'by hand');
    const other = join(root, 'other');
    const writer = live(other, { target: { ...target, table: 'gone' } });
    await writer.journal.open();
    await writer.journal.append(rowOf('g', 1));
    cpSync(join(other, '000000000001.journal'), join(image, '000000000997.journal'));
    await writer.journal.close();
    const refusing = { ...target, table: 'gone' };
    const insert = async ({ table }: JournalTarget): Promise<void> => {
      if (table === refusing.table) throw new Error('no such table');
    };
    // In both cases recovery must fail and keep the file: if the table exists but refuses rows, and
    // if it is unknown whether the table exists.
    for (const exists of [
      async () => true,
      async () => Promise.reject(new Error('the engine is down')),
    ])
      await expect(after(image, { insert, exists }).journal.open()).rejects.toMatchObject({
        code: 'store.unavailable',
      });
    expect(existsSync(join(image, '000000000997.journal'))).toBe(true);
    const life = after(image, { insert, exists: async () => false });
    await life.journal.open();
    expect([life.warnings.length, life.errors.length, life.lost()]).toEqual([2, 1, 0]);
    expect(readdirSync(image).sort()).toEqual([
      '000000000997.journal.foreign',
      '000000000998.journal',
      'journal.state',
      'notes.journal',
    ]);
    await life.journal.append(rowOf('z', 1));
    expect(segmentsOf(image)).toEqual([
      '000000000998.journal',
      '000000000999.journal',
      'notes.journal',
    ]);
    await life.journal.close();
  });

  test('a table that refuses stops the start before anything is deleted', async () => {
    anew();
    const before = segmentsOf(image);
    const life = after(image, {
      insert: async () => Promise.reject(new Error('the table refuses')),
    });
    await expect(life.journal.open()).rejects.toMatchObject({ code: 'store.unavailable' });
    expect([segmentsOf(image), life.errors]).toEqual([before, []]);
  });

  test('what the version before left is inserted; what is damaged in it is kept', async () => {
    const record = (payload: Buffer): Buffer => {
      const head = Buffer.alloc(8);
      head.writeUInt32LE(payload.length, 0);
      head.writeUInt32LE(crc32(payload), 4);
      return Buffer.concat([head, payload]);
    };
    const directory = join(root, 'earlier');
    mkdirSync(directory);
    const columns = ['earlier'];
    const write = (number: number, rows: string[]): void =>
      writeFileSync(
        join(directory, `00000000000${number}.journal`),
        Buffer.concat(
          [encodeTarget({ ...target, columns }), ...rows.map((one) => Buffer.from(`${one}\n`))].map(
            record,
          ),
        ),
      );
    write(3, ['a', 'b']);
    write(5, ['c', 'd', 'e']);
    write(6, ['f', 'g']);
    const path = join(directory, '000000000005.journal');
    const bytes = readFileSync(path);
    bytes[bytes.length - 14]! ^= 1;
    writeFileSync(path, bytes);
    truncateSync(
      join(directory, '000000000006.journal'),
      statSync(join(directory, '000000000006.journal')).size - 1,
    );
    const into = new Set<string>();
    const rows: string[] = [];
    const life = after(directory, {
      insert: async (whither, payload) => {
        into.add(whither.columns.join());
        rows.push(...payload.toString().trimEnd().split('\n'));
      },
    });
    await life.journal.open();
    expect([rows, [...into], life.errors.length, life.warnings.length, life.lost()]).toEqual([
      ['a', 'b', 'c', 'e', 'f'],
      columns,
      1,
      1,
      1,
    ]);
    expect(readdirSync(directory).sort()).toEqual([
      '000000000005.journal.damaged',
      '000000000006.journal.torn',
      'journal.state',
    ]);
  });
});
