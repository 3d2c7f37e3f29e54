import { describe, expect, test } from 'vitest';
import { differenceFrom, differenceText, folded, plain } from './difference.ts';

const USUAL = ['order', 'pay', 'reserve', 'ship', 'mail'];
/**
 * Signs by which the tests write differences: `+` added, `-` missing, `*` repeated, `~` moved, `?`
 * awaited.
 */
const SIGNS = { same: '', added: '+', missing: '-', repeated: '*', moved: '~', awaited: '?' };
const difference = (steps: string[], usual = USUAL, isOpen = false): string =>
  differenceFrom(usual, steps, isOpen)
    .map(({ name, mark, times }) => SIGNS[mark] + name + (times > 1 ? `×${times}` : ''))
    .join(' ');

describe('a variant and the usual way', () => {
  test.each([
    ['the same', USUAL, 'order pay reserve ship mail'],
    [
      'a step more',
      ['order', 'pay', 'check', 'reserve', 'ship', 'mail'],
      'order pay +check reserve ship mail',
    ],
    ['a step less', ['order', 'pay', 'ship', 'mail'], 'order pay -reserve ship mail'],
    [
      'another step',
      ['order', 'pay', 'reserve', 'fail', 'mail'],
      'order pay reserve -ship +fail mail',
    ],
    [
      'a repeated step',
      ['order', 'pay', 'pay', 'pay', 'reserve', 'ship', 'mail'],
      'order pay *pay×2 reserve ship mail',
    ],
    [
      'a new step twice',
      ['order', 'x', 'x', 'pay', 'reserve', 'ship', 'mail'],
      'order *x×2 pay reserve ship mail',
    ],
    ['another order', ['order', 'reserve', 'pay', 'ship', 'mail'], 'order reserve ~pay ship mail'],
    ['nothing', [], '-order -pay -reserve -ship -mail'],
  ])('%s', (_what, steps, text) => expect(difference(steps)).toBe(text));

  test('what an open flow has not come to is awaited, not missing', () => {
    expect(difference(['order', 'reserve'], USUAL, true)).toBe('order -pay reserve ?ship ?mail');
  });
  test('without a usual way all is added', () => {
    expect(difference(['a', 'b'], [])).toBe('+a +b');
  });
});

test('a way in itself counts steps in a row', () => {
  expect(plain(['a', 'b', 'b'])).toEqual([
    { name: 'a', mark: 'same', times: 1 },
    { name: 'b', mark: 'same', times: 2 },
  ]);
});

test('usual steps far from a difference are folded', () => {
  const long = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const shown = folded(differenceFrom(long, [...long.slice(0, 4), 'x', ...long.slice(4)]));
  expect(shown.map((one) => ('folded' in one ? one.folded : one.name))).toEqual([
    3,
    'd',
    'x',
    'e',
    3,
  ]);
  const open = folded(differenceFrom(long, ['a', 'b'], true));
  expect(open.map((one) => ('folded' in one ? one.folded : one.name))).toEqual(['a', 'b', 'c', 5]);
});

test('a difference in words', () => {
  const text = (steps: string[]): string => differenceText(differenceFrom(USUAL, steps));
  expect(text(USUAL)).toBe('as usual');
  expect(text(['order', 'pay', 'pay', 'reserve', 'fail', 'mail'])).toBe(
    'adds fail; skips ship; repeats pay',
  );
});
