import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hexOf, traitId, traitNamed, traitRef } from './trait-ids.ts';

const name = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('', 'constructor', 'a', 'b'));

test('a trait has the same id by its parts and by its body, whatever the parts are', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(name, name, name), { maxLength: 50 }), (all) => {
      for (const [service, step, message] of all) {
        const node = { service, step };
        const ref = traitRef('node', [service, step], () => node);
        expect(ref).toEqual({ id: traitId('node', node), hex: hexOf(ref.id) });
        const segment = { kind: 'processing' as const, ...node, message };
        const parts = ['processing', service, step, message];
        expect(traitRef('segment', parts, () => segment).id).toBe(traitId('segment', segment));
        expect(traitNamed(ref.id)).toEqual({ kind: 'node', body: node });
      }
    }),
  );
});

test('the name of a trait is known again after the caches were cleared', () => {
  const seen = (i: number) => ({ service: 'shop', step: `step ${i}` });
  const ref = (i: number) => traitRef('node', ['shop', `step ${i}`], () => seen(i));
  const first = ref(0);
  for (let i = 1; traitNamed(first.id) !== undefined && i < 200_000; i++) ref(i);
  expect(traitNamed(first.id)).toBeUndefined();
  expect(ref(0)).toEqual(first);
  expect(traitNamed(first.id)).toEqual({ kind: 'node', body: seen(0) });
});
