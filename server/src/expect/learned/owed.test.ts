import { describe, expect, test } from 'vitest';
import { expectedByFlow, expectedBySteps } from './owed.ts';
import { createTypeModel, teach, type TypeModel } from './model.ts';
import { aDigest, type StepSketch } from '../../testing/digests.ts';

const taught = (...flows: [count: number, steps: StepSketch[]][]): TypeModel => {
  const model = createTypeModel();
  let number = 0;
  for (const [count, steps] of flows)
    for (let i = 0; i < count; i++) teach(model, aDigest(`t${number++}`, steps), 1);
  return model;
};
const owed = (model: TypeModel, ...steps: StepSketch[]): string[] => {
  const digest = aDigest('f', steps);
  const ofSteps = expectedBySteps(digest, model, 1000);
  const all = ofSteps.length > 0 ? ofSteps : expectedByFlow(digest, model, 1000);
  return all.map(({ step, oneOf }) => (oneOf.length > 0 ? `one of ${oneOf.join(', ')}` : step));
};

const way = (name: string): StepSketch[] => [
  { as: 'checkout', sends: { [`pay.${name}`]: [name] } },
  { as: name, from: 'checkout' },
];

describe('the message that was sent is the choice', () => {
  const model = taught(
    [260, way('card')],
    [140, way('debit')],
    [85, way('invoice')],
    [14, way('voucher')],
  );
  test('who chose a rare way owes nothing of the usual ones', () => {
    expect(owed(model, ...way('voucher'))).toEqual([]);
  });
  test('who chose nothing owes one of them', () => {
    expect(owed(model, { as: 'checkout' })).toEqual(['one of card, debit, invoice, voucher']);
  });
  test('a way that nobody ever went owes nothing of the usual ones', () => {
    expect(owed(taught([400, way('card')]), ...way('bitcoin'))).toEqual([]);
    const chosen: StepSketch = { as: 'checkout', sends: { 'pay.bitcoin': [] } };
    expect(owed(taught([400, way('card')]), chosen)).toEqual([]);
  });
  test('calls are a choice as messages are', () => {
    const called = (name: string): StepSketch[] => [
      { as: 'route', calls: [name] },
      { as: name, from: 'route' },
    ];
    const routes = taught([300, called('north')], [290, called('south')], [5, called('east')]);
    expect(owed(routes, ...called('east'))).toEqual([]);
    expect(owed(routes, { as: 'route' })).toEqual(['one of north, south, east']);
  });
});

describe('who takes a message', () => {
  const told = (...takers: string[]): StepSketch[] => [
    { as: 'place', sends: { placed: takers } },
    ...takers.map((as) => ({ as, from: 'place' })),
  ];
  test('each that always did, as well known or after a few', () => {
    expect(owed(taught([500, told('mail', 'ship', 'bill')]), ...told('mail', 'bill'))).toEqual([
      'ship',
    ]);
    expect(owed(taught([30, told('mail', 'ship')]), ...told('mail'))).toEqual(['ship']);
    expect(owed(taught([19, told('mail', 'ship')]), ...told('mail'))).toEqual([]);
  });
  test('not one that often does not', () => {
    const model = taught([90, told('mail', 'ship')], [10, told('mail')]);
    expect(owed(model, ...told('mail'))).toEqual([]);
  });
  test('one of those that exclude each other', () => {
    const model = taught([300, told('north', 'log')], [300, told('south', 'log')]);
    expect(owed(model, ...told('log'))).toEqual(['one of north, south']);
  });
});

describe('a join', () => {
  /**
   * Builds a flow with two branches, `stock` and `card`. The branch that ends last sends to `pack`,
   * the step that joins them.
   */
  const joined = (last: 'stock' | 'card'): StepSketch[] => [
    { as: 'place', sends: { s: ['stock'], c: ['card'] } },
    { as: 'stock', from: 'place', sends: last === 'stock' ? { pack: ['pack'] } : {} },
    { as: 'card', from: 'place', sends: last === 'card' ? { pack: ['pack'] } : {} },
    { as: 'pack', from: last },
  ];
  test.each([
    ['evenly', 300, 300],
    ['mostly by one', 582, 18],
    ['always by one', 600, 0],
  ])('that came is owed by none of its branches, led to %s', (_how, card, stock) => {
    const model = taught([card, joined('card')], [stock, joined('stock')]);
    expect(owed(model, ...joined('stock'))).toEqual([]);
    expect(owed(model, ...joined('card'))).toEqual([]);
    expect(owed(model, ...joined('card').slice(0, 2), { as: 'card', from: 'place' })).not.toEqual(
      [],
    );
  });
  test('in a fan-out, what followed one part does not speak for another', () => {
    const parts = (followed: number): StepSketch[] => [
      { as: 'split', calls: ['part', 'part'] },
      ...[0, 1].map((i) => ({
        as: 'part',
        from: 'split',
        sends: i < followed ? { d: ['done'] } : {},
      })),
      ...Array.from({ length: followed }, () => ({ as: 'done', from: 'part' })),
    ];
    expect(owed(taught([500, parts(2)]), ...parts(1))).toEqual(['done']);
  });
});

describe('only what comes after can be awaited', () => {
  const whole: StepSketch[] = [{ as: 'open' }, { as: 'work' }, { as: 'close' }];
  const model = taught([400, whole]);
  test.each([
    ['the beginning is lost', whole.slice(1), []],
    ['the end is missing', whole.slice(0, 2), ['close']],
    ['both', whole.slice(1, 2), ['close']],
    ['what came in between is lost', [whole[0]!, whole[2]!], []],
  ])('%s', (_what, steps, expected) => {
    expect(owed(model, ...steps)).toEqual(expected);
  });
  test('parallel steps may come in any order', () => {
    const other: StepSketch[] = [{ as: 'open' }, { as: 'left' }, { as: 'right' }];
    const swapped: StepSketch[] = [{ as: 'open' }, { as: 'right' }, { as: 'left' }];
    const parallel = taught([200, other], [200, swapped]);
    expect(owed(parallel, { as: 'open' }, { as: 'right' })).toEqual(['left']);
    expect(owed(parallel, { as: 'open' }, { as: 'left' })).toEqual(['right']);
  });
});
