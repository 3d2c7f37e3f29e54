import { expect, test } from 'vitest';
import { createHistory } from './resume.ts';
import { isView, sees } from './rooms.ts';

const change = (id: string, version: number) => ({ id, version, flow: null, movedTo: null });

test('a client gets the newest change per flow since its sequence, or is told to load afresh', () => {
  const history = createHistory(3);
  for (const [id, version] of [
    ['a', 1],
    ['b', 1],
    ['a', 2],
  ] as const)
    history.add(change(id, version));
  expect(history.since(0)!.map((c) => [c.id, c.version])).toEqual([
    ['b', 1],
    ['a', 2],
  ]);
  expect(history.since(3)).toEqual([]);
  expect(history.since(4)).toBeNull();
  for (let i = 0; i < 10; i++) history.add(change('c', i));
  expect(history.since(0)).toBeNull();
  expect(history.since(history.last - 1)).toHaveLength(1);
  const before = history.last;
  history.skip();
  expect(history.since(before)).toBeNull();
  history.add(change('d', 1));
  expect(history.since(before)).toBeNull();
  expect(history.since(before + 1)).toHaveLength(1);
});

test('views from the network are checked, and a view hears what concerns it', () => {
  for (const bad of [null, 5, {}, { kind: 'flow' }, { kind: 'flows', types: 'x', statuses: [] }])
    expect(isView(bad)).toBe(false);
  expect(isView({ kind: 'flows', types: ['t'], statuses: [] })).toBe(true);
  const deleted = { ...change('a', 1), sequence: 1, movedTo: 'b' };
  expect(sees({ kind: 'flow', id: 'b' }, deleted)).toBe(true);
  expect(sees({ kind: 'flow', id: 'c' }, deleted)).toBe(false);
});
