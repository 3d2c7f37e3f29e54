import { describe, expect, test } from 'vitest';
import { someFlows, TWENTY_QUERIES } from '../../testing/some-flows.ts';
import { likes, matchesQuery } from '../../model/search-match.ts';
import { parseQuery } from './parse.ts';
import { suggest } from './suggest.ts';

const NOW = 1_794_000_000_000;
const tree = (text: string): unknown => parseQuery(text, NOW);

describe('the query language', () => {
  test('words narrow, or widens, parentheses group, minus and not exclude', () => {
    expect(tree('')).toBeNull();
    expect(tree('a b')).toEqual({
      kind: 'and',
      of: [
        { kind: 'text', text: 'a' },
        { kind: 'text', text: 'b' },
      ],
    });
    expect(tree('a and b or c')).toEqual({ kind: 'or', of: [tree('a b'), tree('c')] });
    expect(tree('a (b or -c)')).toEqual({
      kind: 'and',
      of: [tree('a'), { kind: 'or', of: [tree('b'), { kind: 'not', of: tree('c') }] }],
    });
    expect(tree('not a')).toEqual(tree('-a'));
    expect(tree('order-42')).toEqual({ kind: 'text', text: 'order-42' });
  });
  test('fields, numbers, times', () => {
    expect(tree('step:"ship order"')).toEqual({
      kind: 'field',
      field: 'step',
      value: 'ship order',
    });
    expect(tree('duration>=1.5h')).toEqual({
      kind: 'number',
      field: 'duration',
      op: '>=',
      value: 5_400_000,
    });
    expect(tree('retries=3')).toEqual({ kind: 'number', field: 'retries', op: '=', value: 3 });
    expect(tree('since:2h')).toEqual({ kind: 'time', op: 'since', atMs: NOW - 7_200_000 });
    expect(tree('status:Comp*')).toEqual({ kind: 'field', field: 'status', value: 'Comp*' });
    expect(tree('"a:b"')).toEqual({ kind: 'text', text: 'a:b' });
  });
  test('order and its absence', () => {
    expect(tree('A > B')).toEqual({
      kind: 'order',
      first: 'A',
      then: 'B',
      withinMs: null,
      not: false,
    });
    expect(tree('"ship order" !> B within 15m x')).toEqual({
      kind: 'and',
      of: [
        { kind: 'order', first: 'ship order', then: 'B', withinMs: 900_000, not: true },
        tree('x'),
      ],
    });
  });
  test.each([
    ['status:', 'column 8: status: needs a value'],
    ['sttus:stuck', 'column 1: sttus is not a field; did you mean status?'],
    [
      'x status:foo',
      'column 10: status is never "foo"; there are active, compensating, late, stuck, completed',
    ],
    ['-outcome:done*', 'column 10: outcome is never "done*"; there are completed, failed'],
    ['a (b', 'column 3: this parenthesis is never closed'],
    ['a)', 'column 2: ")" has no partner'],
    ['a or', 'column 5: something is missing at the end'],
    ['"a', 'column 1: this quotation is never closed'],
    ['A > ', 'column 4: which step should come after "A"?'],
    ['A > B within', 'column 7: within how long? For example 15m'],
    ['A > B within soon', 'column 14: "soon" is not a time like 30s, 15m or 2h'],
    ['x duration>5', 'column 12: "5" is not a time like 30s, 15m or 2h'],
    ['status>5', 'column 1: status is text: write status:5'],
    ['duration:5m', 'column 1: duration is a number: write duration>5'],
    ['constructor:x', 'column 1: constructor is not a field'],
    ['__proto__:x', 'column 1: __proto__ is not a field'],
    ['constructor>5', 'column 1: constructor is not a number of a flow'],
    ['> B', 'column 1: ">" has nothing before it'],
    ['('.repeat(50), 'column 21: too deeply nested'],
  ])('%s → %s', (text, message) => {
    expect(() => parseQuery(text, NOW)).toThrow(message);
  });
  test('a wildcard stands for anything, and nothing else does', () => {
    expect(likes('order-*', 'Order-Fulfilment')).toBe(true);
    expect(likes('*fil*', 'order-fulfilment')).toBe(true);
    expect(likes('a*a', 'a')).toBe(false);
    expect(likes('a.c', 'abc')).toBe(false);
    expect(likes('100%', '100x')).toBe(false);
  });
  test('each of the twenty finds some flows and not all', () => {
    const flows = someFlows(2000, NOW);
    for (const text of TWENTY_QUERIES) {
      const query = parseQuery(text, NOW)!;
      const count = flows.filter((flow) => matchesQuery(query, flow, NOW)).length;
      expect(count, text).toBeGreaterThan(0);
      expect(count, text).toBeLessThan(1999);
    }
  });
  test('suggestions complete the last word', () => {
    const values = {
      type: ['order-return'],
      service: ['shop'],
      status: ['stuck'],
      step: ['ship order'],
    };
    expect(suggest('status:stuck ser', values)).toEqual(['service:']);
    expect(suggest('step:sh', values)).toEqual(['step:"ship order"']);
    expect(suggest('-type:', values)).toEqual(['type:order-return']);
    for (const name of ['constructor', '__proto__', 'toString'])
      expect(suggest(`${name}:a`, values), name).toEqual([]);
  });
});
