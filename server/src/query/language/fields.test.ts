import { expect, test } from 'vitest';
import { durationIn, fieldOf } from './fields.ts';

const NOW = Date.parse('2024-01-01T00:00:00Z');
const read = (text: string, column = 1) => fieldOf({ text, column, quoted: false }, NOW);

test('a field has a value, without its quotation marks and with its stars', () => {
  expect(read('type:order-*')).toEqual({ kind: 'field', field: 'type', value: 'order-*' });
  expect(read('STEP:"mail 100%"')).toEqual({ kind: 'field', field: 'step', value: 'mail 100%' });
  expect(read('id:a:b')).toEqual({ kind: 'field', field: 'id', value: 'a:b' });
});

test('what is neither field nor comparison is free text', () => {
  for (const text of ['order', ':x', '42', 'order-7', 'é>']) expect(read(text), text).toBeNull();
});

test.each([
  ['steps>=5', 'steps', '>=', 5],
  ['failures=0', 'failures', '=', 0],
  ['run<1.5', 'run', '<', 1.5],
  ['duration<=2h', 'duration', '<=', 7_200_000],
  ['wait>9s', 'wait', '>', 9000],
])('%s compares', (text, field, op, value) => {
  expect(read(text)).toEqual({ kind: 'number', field, op, value });
});

test('a duration is compared with what is usual, too', () => {
  expect(read('duration>p95')).toEqual({ kind: 'usual', op: '>', quantile: 'p95' });
  expect(read('duration<=P50')).toEqual({ kind: 'usual', op: '<=', quantile: 'p50' });
});

test('an instant is a date, or so long ago', () => {
  expect(read('since:2h')).toEqual({ kind: 'time', op: 'since', atMs: NOW - 7_200_000 });
  expect(read('before:2023-12-31')).toEqual({
    ...{ kind: 'time', op: 'before', atMs: NOW - 86_400_000 },
  });
  expect(read('before:2024-01-01T01:00:00+01:00')).toMatchObject({ atMs: NOW });
});

test.each([
  ['type:', 'column 6: type: needs a value'],
  ['status:broken', 'column 8: status is never "broken"; there are'],
  ['health:bad', 'column 8: health is never "bad"; there are ok, late, stuck'],
  ['outcome:constructor', 'outcome is never "constructor"'],
  ['steps:5', 'column 1: steps is a number: write steps>5'],
  ['sevice:pay', 'sevice is not a field; did you mean service?'],
  ['constructor:x', 'constructor is not a field'],
  ['type>5', 'type is text: write type:5'],
  ['failurez>5', 'failurez is not a number of a flow; did you mean failures?'],
  ['steps>many', 'column 7: "many" is not a number'],
  ['steps>', 'column 7: "" is not a number'],
  ['steps>-1', '"-1" is not a number'],
  ['duration>5', 'column 10: "5" is not a time like 30s'],
  ['duration>p99', 'column 10: of a type p50 and p95 are known, not p99'],
  ['quiet>p95', 'column 7: "p95" is not a time like 30s'],
  ['since:soon', 'column 7: "soon" is neither a time like 2h nor a date'],
  ['since:2024-13-01', 'is neither a time like 2h nor a date'],
])('%s is wrong, and where: %s', (text, problem) => {
  expect(() => read(text)).toThrow(problem);
});

test('a pattern of a field of known values has to match one of them', () => {
  expect(read('status:*ed')).toMatchObject({ value: '*ed' });
  expect(() => read('status:x*')).toThrow('status is never "x*"');
});

test('columns are those of the query', () => {
  expect(() => read('type:', 10)).toThrow('column 15');
  expect(durationIn('30s', 1)).toBe(30_000);
});
