import type { Step } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { inOrder, ledgerOf } from './ledger.ts';

const step = (id: string, at: number, more: Partial<Step> = {}): Step =>
  ({
    id,
    name: id,
    status: 'ok',
    kind: 'command',
    compensates: null,
    compensatedBy: [],
    startUnixNano: String(at),
    ...more,
  }) as Step;

test('each step that was done stands beside what undid it; what was kept is listed', () => {
  const steps = [
    step('flight', 1, { compensatedBy: ['undo flight'] }),
    step('hotel', 2),
    step('charge', 3, { status: 'failed' }),
    step('undo flight', 4, { kind: 'compensation', compensates: 'flight' }),
    step('tell customer', 5),
  ];
  const { entries, kept, hasUndone } = ledgerOf({ steps });
  expect(hasUndone).toBe(true);
  expect(entries.map(({ done, undoneBy }) => [done?.id, undoneBy.map(({ id }) => id)])).toEqual([
    ['flight', ['undo flight']],
  ]);
  expect(kept.map(({ id }) => id)).toEqual(['hotel']);
  const rows = inOrder({ entries, kept, hasUndone });
  expect(rows.map(({ name, undoneBy }) => [name, undoneBy.length])).toEqual([
    ['flight', 1],
    ['hotel', 0],
  ]);
});

test('an undoing of something that is not known is listed by its name', () => {
  const steps = [step('undo', 1, { kind: 'compensation', compensates: 'book car' })];
  const [entry] = ledgerOf({ steps }).entries;
  expect([entry!.done, entry!.name]).toEqual([null, 'book car']);
});

test('a flow that undid nothing has nothing to account for', () => {
  expect(ledgerOf({ steps: [step('a', 1)] })).toEqual({ entries: [], kept: [], hasUndone: false });
});
