import { expect, test } from 'vitest';
import { aDigest } from '../../testing/digests.ts';
import type { Digest } from './digest.ts';
import { createTaught } from './taught.ts';

const digest = (flowId: string, type = 'prod\0order'): Digest => aDigest(flowId, [], { type });

test('a flow that taught is found, and can be retracted once', () => {
  const taught = createTaught();
  const one = digest('a');
  taught.keepRetractable(one);
  expect(taught.get('a')).toBe(one);
  expect(taught.retract('a')).toBe(one);
  expect([taught.get('a'), taught.retract('a'), taught.retract('never')]).toEqual([
    ...[undefined, undefined, undefined],
  ]);
});

test('flows are given by their type', () => {
  const taught = createTaught();
  taught.keepRetractable(digest('a'));
  taught.keepRetractable(digest('b', 'prod\0return'));
  expect([...taught.keepRetractable(digest('c')).keys()]).toEqual(['a', 'c']);
});

test('of one type the newest are kept; what the oldest taught stays', () => {
  const taught = createTaught();
  for (let i = 0; i < 5001; i++) taught.keepRetractable(digest(`${i}`));
  expect([taught.get('0'), taught.retract('0')]).toEqual([undefined, undefined]);
  expect(taught.get('1')?.flowId).toBe('1');
  expect(taught.get('5000')?.flowId).toBe('5000');
});

test('of those that may be stalls the rarest come first, and those that are none not at all', () => {
  const taught = createTaught();
  const shares: Record<string, number | null> = { a: 0.5, b: null, c: 0.1, d: 0.3 };
  for (const id of Object.keys(shares)) taught.keepRetractable(digest(id));
  const rare = taught.suspiciousRare('prod\0order', ({ flowId }) => shares[flowId]!);
  expect(rare.map(({ flowId }) => flowId)).toEqual(['c', 'd', 'a']);
  expect(taught.suspiciousRare('prod\0none', () => 0)).toEqual([]);
});

test('only the last thousand are searched, and a hundred of them given', () => {
  const taught = createTaught();
  for (let i = 0; i < 1500; i++) taught.keepRetractable(digest(`${i}`));
  let searched = 0;
  const rare = taught.suspiciousRare('prod\0order', ({ flowId }) => {
    searched++;
    return Number(flowId);
  });
  expect([searched, rare.length, rare[0]!.flowId]).toEqual([1000, 100, '500']);
});
