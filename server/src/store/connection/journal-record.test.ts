import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  encodeHead,
  encodeTarget,
  hashOf,
  KINDS,
  readSegment,
  type JournalTarget,
  type SegmentContents,
} from './journal-record.ts';

const target: JournalTarget = { table: 't', columns: ['a', 'b'], format: 'RowBinary' };
/** CI runs the same random cases every time. Set PROPERTY_RUNS and PROPERTY_SEED to try others. */
const property = {
  numRuns: Number(process.env['PROPERTY_RUNS'] ?? 400),
  seed: Number(process.env['PROPERTY_SEED'] ?? 42),
};

interface Piece {
  /**
   * Sequence number of the record; undefined for the first record, which holds the target table.
   */
  sequence: number | undefined;
  bytes: Buffer;
}

const record = (kind: 1 | 2, sequence: number, segment: number, payload: Buffer): Buffer =>
  Buffer.concat([
    encodeHead({ kind, sequence, segment, target: hashOf(target) }, [payload]),
    payload,
  ]);
const segmentOf = (from: number, random: number, payloads: readonly Buffer[]): Piece[] => [
  { sequence: undefined, bytes: record(KINDS.target, from, random, encodeTarget(target)) },
  ...payloads.map((payload, i) => ({
    sequence: from + i,
    bytes: record(KINDS.rows, from + i, random, payload),
  })),
];
const v1 = (payloads: readonly Buffer[]): Piece[] =>
  [encodeTarget(target), ...payloads].map((payload, i) => {
    const head = Buffer.alloc(8);
    head.writeUInt32LE(payload.length, 0);
    head.writeUInt32LE(crc32(payload), 4);
    return { sequence: i === 0 ? undefined : i, bytes: Buffer.concat([head, payload]) };
  });

const OTHER = 2 ** 32 - 1;
/** Generates rows, some of which hold zeros or bytes that look like a record. */
const payload = fc
  .tuple(
    fc.uint8Array({ minLength: 1, maxLength: 8 }),
    fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 4000, max: 9000 })),
    fc.option(fc.nat(1e6)),
  )
  .map(([pattern, length, other]) => {
    const rows = Buffer.alloc(length, pattern);
    if (other === null) return rows;
    const records = segmentOf(other, OTHER, [rows.subarray(0, 20), rows.subarray(0, 20)]);
    return Buffer.concat([rows, ...records.map(({ bytes }) => bytes), rows]);
  });
const payloads = fc.array(payload, { minLength: 1, maxLength: 10 });

/** A file after damage. `isHurt` tells whether the damage changed a range of the undamaged file. */
interface Damaged {
  file: Buffer;
  isHurt: (from: number, to: number) => boolean;
}
const at = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const damages: Record<string, fc.Arbitrary<(file: Buffer) => Damaged>> = {
  'a bit that flipped': fc.tuple(at, fc.nat(7)).map(([where, bit]) => (file: Buffer) => {
    const copy = Buffer.from(file);
    const i = Math.floor(where * file.length);
    copy[i]! ^= 1 << bit;
    return { file: copy, isHurt: (from, to) => from <= i && i < to };
  }),
  'a page of zeros': at.map((where) => (file: Buffer) => {
    const copy = Buffer.from(file);
    const i = Math.floor((where * file.length) / 4096) * 4096;
    copy.fill(0, i, Math.min(file.length, i + 4096));
    return {
      file: copy,
      isHurt: (from, to) => !copy.subarray(from, to).equals(file.subarray(from, to)),
    };
  }),
  'a file that was cut': at.map((where) => (file: Buffer) => {
    const i = Math.floor(where * file.length);
    return { file: file.subarray(0, i), isHurt: (_from, to) => to > i };
  }),
  'bytes in between': fc
    .tuple(at, fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 5000 }))
    .map(([where, pattern, length]) => (file: Buffer) => {
      const bytes = Buffer.alloc(length, pattern);
      const i = Math.floor(where * (file.length + 1));
      return {
        file: Buffer.concat([file.subarray(0, i), bytes, file.subarray(i)]),
        isHurt: (from, to) => from < i && i < to,
      };
    }),
  'zeros at the end': fc.nat(9000).map((count) => (file: Buffer) => ({
    file: Buffer.concat([file, Buffer.alloc(count)]),
    isHurt: () => false,
  })),
};

/**
 * Returns a checksum of a record's payload, by which payloads are compared. Comparing byte by byte
 * would take longer than the rest of the test.
 */
const digest = (bytes: Buffer): string => `${crc32(bytes)} ${bytes.length}`;
const found = ({ rows }: SegmentContents): string[] =>
  rows.map(({ sequence, payload: bytes }) => `${sequence} ${digest(bytes)}`);
const isSaid = ({ damage, torn, zeros }: SegmentContents): boolean =>
  damage.length > 0 || torn > 0 || zeros > 0;

describe('a segment', () => {
  test.each(Object.entries(damages))(
    '%s: the records that it hits are lost, and it is said',
    (_name, damage) => {
      fc.assert(
        fc.property(
          fc.nat(2 ** 40),
          fc.nat(OTHER - 1),
          payloads,
          damage,
          (from, random, rows, damaged) => {
            const pieces = segmentOf(from, random, rows);
            const whole = Buffer.concat(pieces.map(({ bytes }) => bytes));
            const { file, isHurt } = damaged(whole);
            const contents = readSegment(file, random);
            let place = 0;
            const left: string[] = [];
            const ends = new Set<number>();
            let hurt = 0;
            for (const { sequence, bytes } of pieces) {
              const isLost = isHurt(place, place + bytes.length);
              if (isLost) hurt++;
              else if (sequence === undefined) expect(contents.target).toEqual(target);
              else left.push(`${sequence} ${digest(bytes.subarray(36))}`);
              ends.add((place += bytes.length));
            }
            expect(found(contents)).toEqual(left);
            if (contents.rows.length > 0) expect(contents.targetHash).toBe(hashOf(target));
            // A file that was cut exactly between two records looks undamaged. Only the manifest,
            // which this test does not use, would reveal the loss.
            const isCutBetween =
              file.length === 0 || (file.length < whole.length && ends.has(file.length));
            if (hurt > 0 && !isCutBetween) expect(isSaid(contents)).toBe(true);
            if (file.equals(whole)) expect(isSaid(contents)).toBe(false);
          },
        ),
        property,
      );
    },
  );

  test('bytes that look like records of an older file, behind its last one, are not taken', () => {
    const own = segmentOf(100, 7, [Buffer.from('a')]).map(({ bytes }) => bytes);
    const older = segmentOf(50, 8, [Buffer.from('old'), Buffer.from('older')]).map(
      ({ bytes }) => bytes,
    );
    const contents = readSegment(Buffer.concat([...own, Buffer.from('?'), ...older]));
    expect(contents.rows.map(({ sequence }) => sequence)).toEqual([100]);
    expect(contents.damage).toHaveLength(1);
  });

  test('many candidates in a damaged record cost no more than one look each', () => {
    const candidate = encodeHead({ kind: KINDS.rows, sequence: 9, segment: 1, target: 2 }, [
      Buffer.alloc(100_000_000),
    ]);
    const pieces = segmentOf(0, 7, [
      Buffer.concat(Array.from({ length: 20_000 }, () => candidate)),
      Buffer.from('b'),
    ]);
    const file = Buffer.concat(pieces.map(({ bytes }) => bytes));
    file[pieces[0]!.bytes.length + 9]! ^= 1;
    expect(readSegment(file).rows.map(({ sequence }) => sequence)).toEqual([1]);
  });

  test.each([
    ['nothing', Buffer.alloc(0), {}],
    ['zeros', Buffer.alloc(500), { zeros: 500 }],
    ['some bytes', Buffer.from('abc'), { torn: 3 }],
    [
      'text',
      Buffer.from('a note that somebody left here, long enough for a head'),
      { damage: [{ at: 0, bytes: 54, isLast: true }] },
    ],
  ])('%s is no segment', (_name, file, facts) => {
    const none = {
      target: undefined,
      targetHash: undefined,
      rows: [],
      damage: [],
      torn: 0,
      zeros: 0,
    };
    expect(readSegment(file)).toMatchObject({ ...none, ...facts });
  });
});

describe('a segment of the version before', () => {
  test('its records are found; those after one that is cut short are not there', () => {
    fc.assert(
      fc.property(payloads, at, (rows, where) => {
        const pieces = v1(rows);
        const whole = Buffer.concat(pieces.map(({ bytes }) => bytes));
        const cut = Math.floor(where * whole.length);
        let end = 0;
        const there = pieces.filter(({ bytes }) => (end += bytes.length) <= cut);
        const contents = readSegment(whole.subarray(0, cut));
        const { version, target: told, damage, torn } = readSegment(whole);
        expect({ version, told, damage, torn }).toEqual({
          version: 1,
          told: target,
          damage: [],
          torn: 0,
        });
        expect(readSegment(whole).rows.map((one) => digest(one.payload))).toEqual(rows.map(digest));
        const expected = rows.slice(0, Math.max(0, there.length - 1));
        expect(contents.rows.map((one) => digest(one.payload))).toEqual(expected.map(digest));
        const length = there.reduce((sum, { bytes }) => sum + bytes.length, 0);
        if (length < cut) expect(contents.torn + contents.zeros).toBe(cut - length);
      }),
      property,
    );
  });

  test('a payload that is damaged is lost alone, be it the first: its length leads to the next', () => {
    fc.assert(
      fc.property(payloads, fc.nat(), at, (rows, which, where) => {
        const pieces = v1(rows).map(({ bytes }) => Buffer.from(bytes));
        const hurt = which % pieces.length;
        const bytes = pieces[hurt]!;
        bytes[8 + Math.floor(where * (bytes.length - 8))]! ^= 4;
        const contents = readSegment(Buffer.concat(pieces));
        expect([contents.version, contents.target]).toEqual([1, hurt === 0 ? undefined : target]);
        const expected = rows.filter((_row, i) => i + 1 !== hurt);
        expect(contents.rows.map((one) => digest(one.payload))).toEqual(expected.map(digest));
        expect(contents.damage).toHaveLength(1);
      }),
      property,
    );
  });
});
