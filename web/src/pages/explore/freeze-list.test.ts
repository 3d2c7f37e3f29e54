import type { FlowSummary } from '@fermata/server/contract';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { freezeList } from './freeze-list.ts';

const list = (...ids: string[]): FlowSummary[] => ids.map((id) => ({ id }) as FlowSummary);
const ids = (flows: FlowSummary[]): string => flows.map((flow) => flow.id).join('');

test('new flows are held back wherever they would move a row; older ones come below', () => {
  const { flows, held } = freezeList(
    list('d', 'b', 'a'),
    list('f', 'e', 'd', 'c', 'b', 'a', '9', '8'),
  );
  expect(ids(flows)).toBe('dba98');
  expect(held).toBe(3);
});

test('rows show what is true now, and go where they no longer belong', () => {
  const now = { id: 'b', stepCount: 7 } as FlowSummary;
  const { flows, held } = freezeList(list('c', 'b'), [now]);
  expect(flows).toEqual([now]);
  expect(held).toBe(0);
});

test('where nothing of it is left, the list is the new one', () => {
  expect(freezeList(list('a'), list('c', 'b'))).toEqual({ flows: list('c', 'b'), held: 0 });
});

test('rows stay where they are, although they are in another order by now', () => {
  const { flows, held } = freezeList(list('a', 'b', 'c'), list('c', 'x', 'a', 'b', 'y'));
  expect(ids(flows)).toBe('abcy');
  expect(held).toBe(1);
});

test('nothing shown yet: the list is the new one', () => {
  expect(freezeList([], list('c', 'b'))).toEqual({ flows: list('c', 'b'), held: 0 });
});

test('a row that is gone goes, and what is new is held back all the same', () => {
  const { flows, held } = freezeList(list('d', 'c', 'b'), list('f', 'e', 'd', 'b', 'a'));
  expect(ids(flows)).toBe('dba');
  expect(held).toBe(2);
});

test('whatever came, went or moved: shown rows stay in their order, older ones come below', () => {
  const few = fc.uniqueArray(fc.constantFrom(...'abcdefghij'), { maxLength: 10 });
  fc.assert(
    fc.property(few, few, (before, after) => {
      const { flows, held } = freezeList(list(...before), list(...after));
      const kept = before.filter((id) => after.includes(id));
      const last = after.findLastIndex((id) => before.includes(id));
      const below = after.slice(last + 1);
      expect(ids(flows)).toBe([...kept, ...below].join(''));
      expect(held).toBe(after.length - flows.length);
    }),
    { seed: 7, numRuns: 1000 },
  );
});
