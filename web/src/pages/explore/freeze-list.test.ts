import type { FlowSummary } from '@fermata/server/contract';
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
