import { expect, test } from 'vitest';
import { aDigest } from '../../testing/digests.ts';
import { createTypeModel, teach, type TypeModel } from './model.ts';
import { fromStored, toStored } from './stored.ts';

function learned(): TypeModel {
  const model = createTypeModel();
  for (let i = 0; i < 5; i++)
    teach(
      model,
      aDigest(
        `f${i}`,
        [
          { as: 'place', atMs: 0, sends: { q: ['take'] }, calls: ['check'] },
          { as: 'take', atMs: 100, from: 'place' },
          { as: 'undo', atMs: 200, from: 'take', failed: i % 2 === 0 },
        ],
        { ledger: { done: ['place', 'take'], undone: ['take', 'place'] }, startDeclared: true },
      ),
      1,
    );
  model.accepted.set('gone', 7);
  return model;
}
const asJson = (model: TypeModel): string => JSON.stringify(toStored(model));

test('a model is read back as what it was', () => {
  const model = learned();
  const { model: read, rare } = fromStored(asJson(model));
  expect(rare).toEqual([]);
  expect(JSON.parse(asJson(read))).toEqual(JSON.parse(asJson(model)));
  expect([...read.steps.keys()]).toEqual([...model.steps.keys()]);
  expect(read.flows.total).toBe(model.flows.total);
  expect([read.version, read.accepted.get('gone'), read.ends.quiet]).toEqual([
    ...[model.version, 7, 5],
  ]);
});

test('what is read back is taught on, as if there had been no restart', () => {
  const model = learned();
  const { model: read } = fromStored(asJson(model));
  const next = aDigest('next', [{ as: 'place', atMs: 0, sends: { q: ['take'] } }]);
  teach(model, next, 1);
  teach(read, next, 1);
  expect(JSON.parse(asJson(read))).toEqual(JSON.parse(asJson(model)));
});

test('an empty model is one', () => {
  const { model } = fromStored(asJson(createTypeModel()));
  expect([model.flows.total, model.steps.size, model.version]).toEqual([0, 0, 0]);
});

/**
 * Returns a stored model as an earlier version wrote it: without the fields `without`, and with the
 * fields of `more`.
 */
const before = (without: string[], more: object = {}): string => {
  const stored = JSON.parse(asJson(learned())) as Record<string, unknown>;
  for (const name of without) delete stored[name];
  return JSON.stringify({ ...stored, ...more });
};

test('flows that may be retracted come back with their model', () => {
  const rare = [aDigest('r', [{ as: 'place' }])];
  expect(fromStored(before([], { rare })).rare).toEqual(rare);
});

test('what an earlier version did not store is as if nothing were known of it', () => {
  const { model } = fromStored(before(['accepted', 'ends', 'order']));
  expect([model.accepted.size, model.order.size, model.ends]).toEqual([
    ...[0, 0, { declared: 0, quiet: 0 }],
  ]);
  expect(model.steps.size).toBeGreaterThan(0);
});

test('steps of before messages were learned by themselves are learned anew', () => {
  const rare = [aDigest('r', [{ as: 'place' }])];
  const read = fromStored(before(['messages'], { rare }));
  expect([read.model.steps.size, read.model.messages.size, read.rare]).toEqual([0, 0, []]);
  expect(read.model.flows.total).toBe(5);
});

test('a destination that an earlier version stored as one text is a list of one, or of none', () => {
  const { about } = JSON.parse(asJson(learned())) as { about: Record<string, object> };
  const via = (text: string): unknown => {
    const old = { ...about, place: { ...about['place'], via: text } };
    return fromStored(before([], { about: old })).model.about.get('place')!.via;
  };
  expect([via('q'), via('')]).toEqual([['q'], []]);
});
