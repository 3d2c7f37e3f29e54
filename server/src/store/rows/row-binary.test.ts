import { createRequire } from 'node:module';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMemory } from '../../base/memory.ts';
import { createRowBinary } from './row-binary.ts';

const chdb = createRequire(import.meta.url)('chdb') as {
  Session: new (path: string) => { query(sql: string, format: string): string; close(): void };
};
const memory = createMemory();
const STRUCTURE =
  's String, j String, a UInt8, b UInt32, c UInt64, d UInt64, e Float64, n Nullable(UInt64), l Array(String)';

/** These tests insert encoded rows into a real engine and compare what it reads back. */
describe('rows in RowBinary', () => {
  let directory: string;
  let session: InstanceType<typeof chdb.Session>;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'fermata-rows-'));
    session = new chdb.Session(join(directory, 'engine'));
  });
  afterAll(() => {
    session.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const readBack = (rows: Buffer): unknown[][] => {
    const path = join(directory, 'rows');
    writeFileSync(path, rows);
    const text = session.query(
      `SELECT * FROM file('${path}', RowBinary, '${STRUCTURE}') SETTINGS output_format_json_quote_64bit_integers = 1`,
      'JSONCompactEachRow',
    );
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown[]);
  };
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary', maxLength: 100 }),
    fc.string({ minLength: 120, maxLength: 300 }),
  );

  test('any value comes back', () => {
    const row = fc.record({
      s: text,
      j: fc.array(text, { maxLength: 5 }),
      a: fc.nat(255),
      b: fc.nat(2 ** 32 - 1),
      c: fc.bigInt(0n, 2n ** 64n - 1n),
      d: fc.nat(Number.MAX_SAFE_INTEGER),
      e: fc
        .double({ noNaN: true, noDefaultInfinity: true })
        .map((value) => (value === 0 ? 0 : value)),
      n: fc.option(fc.bigInt(0n, 2n ** 64n - 1n)),
      l: fc.array(text, { maxLength: 200 }),
    });
    const to = createRowBinary();
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 20 }), (rows) => {
        for (const { s, j, a, b, c, d, e, n, l } of rows) {
          to.string(s);
          to.joined((put) => j.forEach(put));
          to.uint8(a);
          to.uint32(b);
          to.uint64(c);
          to.uint64(d);
          to.float64(e);
          to.nullableUint64(n);
          to.length(l.length);
          for (const one of l) to.string(one);
        }
        expect(readBack(to.take(memory).bytes)).toEqual(
          rows.map(({ s, j, a, b, c, d, e, n, l }) => [
            s,
            j.join(''),
            a,
            b,
            String(c),
            String(d),
            e,
            n === null ? null : String(n),
            l,
          ]),
        );
      }),
      { numRuns: 30 },
    );
  });

  test('what a column cannot hold is cut, and no row beside it suffers', () => {
    const to = createRowBinary();
    const values: [number | bigint, bigint | null][] = [
      [-1, -1n],
      [Number.NaN, 2n ** 64n],
      [-1n, null],
      [1.5, 7n],
    ];
    for (const [d, n] of values) {
      to.string('');
      to.joined(() => undefined);
      to.uint8(0);
      to.uint32(-1);
      to.uint64(d);
      to.uint64(Infinity);
      to.float64(0);
      to.nullableUint64(n);
      to.length(0);
    }
    expect(readBack(to.take(memory).bytes).map((row) => [row[4], row[7]])).toEqual([
      ['0', '0'],
      ['0', String(2n ** 64n - 1n)],
      ['0', null],
      ['1', '7'],
    ]);
  });
});
