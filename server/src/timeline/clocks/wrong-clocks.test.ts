import { describe, expect, test } from 'vitest';
import { wrongClocks } from './wrong-clocks.ts';

const MS = 1e6;
/**
 * Returns the clocks that are found wrong, each with its error, ms. A wait `a>b 48` says that
 * messages from `a` to `b` seem to take at least 48 ms; `48/30` adds that it is 30 ms from the end
 * of the send. `lags` are the least times from a span's end to its receipt, ms.
 */
function verdict(
  waits: string[],
  lags: Record<string, number> = {},
  more: { wrong?: string; by?: number; guesses?: boolean } = {},
): Record<string, number> {
  const names = [
    ...new Set([...waits.flatMap((one) => one.split(' ')[0]!.split('>')), ...Object.keys(lags)]),
  ];
  const at = (name: string): number => names.indexOf(name);
  const ahead = wrongClocks(
    names.map((name) => ({
      knownNs: more.wrong === name ? (more.by ?? 1000) * MS : 0,
      lagNs: (lags[name] ?? Infinity) * MS,
    })),
    waits.map((one) => {
      const [pair = '', ms = ''] = one.split(' ');
      const [from = '', to = ''] = pair.split('>');
      const [ns = 0, afterNs = ns] = ms.split('/').map((text) => Number(text) * MS);
      return { from: at(from), to: at(to), ns, afterNs };
    }),
    more.guesses ?? true,
  );
  return Object.fromEntries(
    names.flatMap((name, i) => (ahead[i] === 0 ? [] : [[name, Math.round(ahead[i]! / MS)]])),
  );
}

describe('by messages alone', () => {
  test.each<[string, string[], Record<string, number>]>([
    ['nobody is wrong where nothing is impossible', ['a>b 48', 'b>c 3000', 'c>d 0'], {}],
    [
      'the first is ahead: one, rather than all behind it',
      ['a>b -2952', 'b>c 150', 'c>d 100'],
      { a: 2952 },
    ],
    ['by little, which the next wait could hide', ['a>b -52', 'b>c 150', 'c>d 100'], { a: 52 }],
    [
      'one in the middle is ahead: before it too long',
      ['a>b 48', 'b>c 3150', 'c>d -2900'],
      { c: 2900 },
    ],
    [
      'one in the middle is behind: after it too long',
      ['a>b 48', 'b>c -2850', 'c>d 3100'],
      { c: -2850 },
    ],
    ['the last is behind', ['a>b 48', 'b>c 150', 'c>d -2900'], { d: -2900 }],
    ['of two the taker is behind', ['a>b -3600000'], { b: -3_600_000 }],
    ['whoever disagrees with more', ['a>b -900', 'a>c -950', 'd>b 10', 'd>c 10'], { a: 950 }],
    ['whoever disagrees with more, as taker', ['a>c -900', 'b>c -950', 'c>d 9999'], { c: -950 }],
    [
      'two, one ahead and one behind',
      ['a>b -2952', 'b>c -4850', 'c>d 5100', 'd>e 40'],
      { a: 2952, c: -4850 },
    ],
    [
      'a process and what it asks on the same host',
      ['a>b 5', 'b>c -2900', 'c>d 40', 'd>e 40'],
      { a: 2900, b: 2900 },
    ],
    ['a ring that cannot be is left alone', ['a>b -10', 'b>a -10'], {}],
  ])('%s', (_what, waits, expected) => {
    expect(verdict(waits)).toEqual(expected);
  });

  test('the wait beside a wrong clock begins where its send ends, if that is soon', () => {
    expect(verdict(['a>b -2950/-2952', 'b>c 150'])).toEqual({ a: 2952 });
    expect(verdict(['a>b -30/-2000', 'b>c 150'])).toEqual({ a: 30 });
    expect(verdict(['a>b 1/-2', 'b>c 150'])).toEqual({});
    expect(verdict(['a>b 1/-2', 'b>c 150'], {}, { wrong: 'a' })).toEqual({ a: 2 });
    expect(verdict(['a>b 1/-2'], {}, { wrong: 'b', by: -1000 })).toEqual({ b: -2 });
    expect(verdict(['a>b -3000/-3010', 'b>c 3050'])).toEqual({ b: -3000 });
  });

  test('what nothing decides stays, where nobody should guess', () => {
    expect(verdict(['a>b -900'], {}, { guesses: false })).toEqual({});
    expect(verdict(['a>b -900', 'b>c 10'], {}, { guesses: false })).toEqual({ a: 900 });
  });
  test('whoever is known to be wrong explains the rest as well', () => {
    expect(verdict(['a>b -100', 'b>c 150'], {}, { wrong: 'a' })).toEqual({ a: 100 });
    expect(verdict(['a>b -100', 'b>c 150'], {}, { wrong: 'b' })).toEqual({ b: -100 });
  });
});

describe('by times of receipt', () => {
  test.each<[string, string[], Record<string, number>, Record<string, number>]>([
    ['who is heard of before it ended is ahead', ['b>a 9000'], { a: 40, b: -2500 }, { b: 2500 }],
    [
      'of who only takes, the quickest message says more',
      ['a>b 3100'],
      { a: 40, b: -2500 },
      { b: 3100 },
    ],
    ['unless it rested longer than any exporter', ['a>b 30000'], { a: 40, b: -2500 }, { b: 2500 }],
    [
      'what a message shows besides is its own, too',
      ['a>b -2952', 'b>c 150'],
      { a: -2500, b: 30, c: 30 },
      { a: 2952 },
    ],
    [
      'who came here too soon to be behind is not',
      ['a>b 48', 'b>c 9000', 'c>d -2900'],
      { a: 90, b: 80, c: 200, d: 300 },
      { c: 2900 },
    ],
    [
      'an hour of lag is the clock that is an hour behind',
      ['a>b -3599950'],
      { a: 60, b: 3_600_070 },
      { b: -3_599_950 },
    ],
    [
      'whose spans come late is behind, however long its messages rest',
      ['a>b -2950', 'b>c 8000', 'c>d 10'],
      { a: 50, b: 3040, c: 60, d: 80 },
      { b: -2950 },
    ],
    [
      'whose spans come sooner than those of all others is ahead, where exporters gather',
      ['a>b 48', 'b>c 9000', 'c>d -2900'],
      { a: 5000, b: 5100, c: 2050, d: 5050 },
      { c: 2900 },
    ],
    [
      'who agrees with a wrong clock is as wrong',
      ['a>b 5', 'b>c 40'],
      { a: -4900, b: -4700, c: 300 },
      { a: 4900, b: 4900 },
    ],
    [
      'but not as wrong as one that is much further ahead',
      ['b>a 3600000'],
      { a: -3_600_000, b: -3000 },
      { a: 3_600_000, b: 3000 },
    ],
    [
      'one impossible time is no reason to doubt those that are right',
      ['a>b 5', 'b>c 5'],
      { a: 10, b: 20, c: -3_600_000 },
      {},
    ],
    [
      'a clock whose facts contradict each other is several, and accuses nobody',
      ['a>b -3600000', 'b>c 40'],
      { a: 40, b: -3_600_000, c: 50 },
      {},
    ],
    [
      'a partner that seems early by little hides no error',
      ['a>b -3599950', 'b>c 3600100'],
      { a: -30, b: 3_600_000, c: 50 },
      { a: 30, b: -3_599_920 },
    ],
    [
      'one that is wrong by less moves along with one that is wrong by far more',
      ['b>a 100', 'c>b 3600050'],
      { a: -2_592_000_000, b: -3_600_000, c: 50 },
      { b: 3_600_000 },
    ],
    [
      'nor one whose spans seem early by little in comparison',
      ['a>b -3600000'],
      { a: -2, b: -2_592_000_000 },
      { a: 2 },
    ],
    ['who was ahead and takes at once again is right again', ['a>b 45'], { a: 50, b: -2950 }, {}],
  ])('%s', (_what, waits, lags, expected) => {
    expect(verdict(waits, lags)).toEqual(expected);
  });
});
