import { expect, test } from 'vitest';
import type { Flow, Hop } from '../../model/flow.ts';
import { NO_NOVELTY } from '../../model/novelty.ts';
import { aDigest } from '../../testing/digests.ts';
import { someFlows } from '../../testing/some-flows.ts';
import type { Digest } from '../learned/digest.ts';
import { createTypeModel, teach, type TypeModel } from '../learned/model.ts';
import { MIN_SAMPLES } from '../learned/outcome-sets.ts';
import { detectNovelty } from './novelty.ts';

const plain = someFlows(40, 0).find(({ hops }) => hops.length > 0)!;
const digestOf = (...steps: string[]): Digest =>
  aDigest(
    'f',
    steps.map((as) => ({ as })),
  );
const learned = (times: number, ...steps: string[]): TypeModel => {
  const model = createTypeModel();
  for (let i = 0; i < times; i++) teach(model, digestOf(...steps), 1);
  return model;
};
const hop = (from: number | null, to: number, over: Partial<Hop> = {}): Hop => ({
  ...plain.hops[0]!,
  ...{ from: from === null ? null : `f ${from}`, to: `f ${to}`, sync: false },
  ...over,
});
const flow = (outcome: Flow['outcome'], ...hops: Hop[]): Flow => ({ ...plain, outcome, hops });
const usual = learned(MIN_SAMPLES, 'place', 'take');

const usually = { isNewEnding: false, isWaiting: false };
const ending = { isNewEnding: true, isWaiting: false };
const waiting = { isNewEnding: false, isWaiting: true };

test('what is usual is no news', () => {
  const digest = digestOf('place', 'take');
  expect(detectNovelty(digest, usual, flow('completed'), usually)).toEqual(NO_NOVELTY);
});

test('an ending that never was is news, whatever else is known', () => {
  expect(detectNovelty(digestOf('place'), createTypeModel(), flow(null), ending).variant).toBe(
    true,
  );
});

test('of a type of which little is known, nothing is news', () => {
  const little = learned(MIN_SAMPLES - 1, 'place', 'take');
  const strange = digestOf('place', 'stranger');
  expect(detectNovelty(strange, little, flow('completed', hop(0, 1)), usually)).toEqual(NO_NOVELTY);
});

test('known steps that never came together are, where the flow was declared complete', () => {
  const digest = digestOf('place');
  expect(detectNovelty(digest, usual, flow('completed'), usually).variant).toBe(true);
  expect(detectNovelty(digest, usual, flow('completed'), waiting)).toEqual(NO_NOVELTY);
  expect(detectNovelty(digest, usual, flow(null), usually)).toEqual(NO_NOVELTY);
  expect(detectNovelty(digest, usual, flow('failed'), usually)).toEqual(NO_NOVELTY);
});

test('an unknown step that takes from one that is well known is a new consumer', () => {
  const digest = digestOf('place', 'stranger');
  const consumers = (...hops: Hop[]): unknown => [
    ...detectNovelty(digest, usual, flow('completed', ...hops), usually).consumers,
  ];
  expect(consumers(hop(0, 1))).toEqual(['f 1']);
  // In none of these cases did the unknown step take a message of a known step. It was called
  // synchronously, the sender is unknown, or the unknown step itself was the sender.
  expect(consumers(hop(0, 1, { sync: true }))).toEqual([]);
  expect(consumers(hop(null, 1))).toEqual([]);
  expect(consumers(hop(1, 1))).toEqual([]);
  expect(consumers(hop(1, 0))).toEqual([]);
});
