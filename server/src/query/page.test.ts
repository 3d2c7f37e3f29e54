import { expect, test } from 'vitest';
import { pageOf } from './page.ts';

const item = (name: string, environment = ''): { name: string; environment: string } => ({
  ...{ name, environment },
});
const nameOf = ({ name }: { name: string }): string => name;

test('the parts of a list are all of it, each item once', () => {
  const all = [item('b'), item('a'), item('a', 'test'), item('c')];
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = pageOf(all, { limit: 3, cursor }, nameOf);
    found.push(...page.items.map(({ name, environment }) => name + environment));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  expect(found).toEqual(['b', 'a', 'atest', 'c']);
  expect(pageOf(all, { limit: 4 }, nameOf).nextCursor).toBeNull();
  expect(pageOf([], { limit: 4 }, nameOf)).toEqual({ items: [], nextCursor: null });
});

test('a part begins after the item before it, wherever that stands by then', () => {
  const { nextCursor } = pageOf([item('a'), item('b'), item('c')], { limit: 1 }, nameOf);
  const later = [item('new'), item('b'), item('a'), item('c')];
  expect(pageOf(later, { limit: 9, cursor: nextCursor! }, nameOf).items).toEqual([item('c')]);
  expect(() => pageOf([item('b')], { limit: 9, cursor: nextCursor! }, nameOf)).toThrow('is gone');
  expect(() => pageOf(later, { limit: 9, cursor: 'x' }, nameOf)).toThrow('not one of ours');
});
