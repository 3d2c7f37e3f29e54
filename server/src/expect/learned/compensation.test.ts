import { expect, test } from 'vitest';
import { undoPair } from '../../model/duties.ts';
import {
  breaksCompensationDuties,
  learnedCompensationDuties,
  teachUndo,
  type UndoModel,
} from './compensation.ts';
import { MAX_MEMBERS } from './digest.ts';
import type { Ledger } from './ledger.ts';

const newModel = (): UndoModel => ({ done: new Map(), undone: new Map(), order: new Map() });
const taught = (...ledgers: [ledger: Ledger, times: number][]): UndoModel => {
  const model = newModel();
  for (const [ledger, times] of ledgers) teachUndo(model, ledger, times);
  return model;
};
const saga: Ledger = { done: ['charge', 'reserve', 'order'], undone: ['reserve', 'charge'] };

test('what is undone whenever something is, and its order, are duties once it is certain', () => {
  const { owed, order } = learnedCompensationDuties(taught([saga, 100]));
  expect([...owed].sort()).toEqual(['charge', 'reserve']);
  expect([...order]).toEqual([undoPair('reserve', 'charge')]);
});

test('a few flows make no duty', () => {
  expect(learnedCompensationDuties(taught([saga, 5]))).toEqual({
    ...{ owed: new Set(), order: new Set() },
  });
});

test('what is left undone now and then is none, nor is an order that goes both ways', () => {
  const half: Ledger = { done: saga.done, undone: ['charge', 'reserve'] };
  const without: Ledger = { done: saga.done, undone: ['reserve'] };
  const { owed, order } = learnedCompensationDuties(taught([saga, 60], [half, 40], [without, 30]));
  expect([...owed]).toEqual(['reserve']);
  expect([...order]).toEqual([]);
});

test('what was undone without having been done teaches nothing of itself', () => {
  const model = taught([{ done: ['a'], undone: ['a', 'stranger'] }, 50]);
  expect([...model.undone]).toEqual([['a', 50]]);
});

test('what is taken back was never taught', () => {
  const model = taught([saga, 1], [saga, -1], [saga, -1]);
  for (const counts of [model.done, model.undone, model.order])
    for (const count of counts.values()) expect(count).toBe(0);
});

test('a flow breaks a duty by leaving something undone, or by the wrong order', () => {
  const model = taught([saga, 100]);
  const breaks = (ledger: Ledger | null): boolean => breaksCompensationDuties(ledger, model);
  expect(breaks(saga)).toBe(false);
  expect(breaks({ done: saga.done, undone: ['reserve'] })).toBe(true);
  expect(breaks({ done: saga.done, undone: ['charge', 'reserve'] })).toBe(true);
  // `charge` was not done, so it does not have to be undone.
  expect(breaks({ done: ['reserve', 'order'], undone: ['reserve'] })).toBe(false);
  expect(breaks(null)).toBe(false);
});

test('names and pairs are counted up to a bound', () => {
  const names = Array.from({ length: 3000 }, (_, i) => `step ${i}`);
  const model = taught([{ done: names, undone: names }, 1]);
  expect([model.done.size, model.undone.size, model.order.size]).toEqual([2000, 2000, 2000]);
  expect(MAX_MEMBERS).toBeLessThan(3000);
});
