import { expect, test } from 'vitest';
import { aDigest, type StepSketch } from '../../testing/digests.ts';
import { waitingFor } from '../waiting-for.ts';
import { createTypeModel, teach } from './model.ts';
import { hasSeveralEntries, wasDoneUnseen } from './unseen.ts';

const bill: StepSketch = {
  as: 'bill',
  from: 'sign',
  service: 'billing',
  sends: { paid: ['grant'] },
};
const whole: StepSketch[] = [
  { as: 'sign', sends: { chosen: ['bill'] } },
  bill,
  { as: 'grant', from: 'bill' },
];
const model = createTypeModel();
for (let i = 0; i < 200; i++) teach(model, aDigest(`t${i}`, whole), 1);

const sign: StepSketch = { as: 'sign', sends: { chosen: [] } };
/** Returns whether `bill`, which is expected after the first step, was done unseen. */
const isDone = (...steps: StepSketch[]): boolean => {
  const digest = aDigest('f', steps);
  const expected = waitingFor({
    ...{ id: 'x', afterStepId: digest.steps[0]!.id, step: 'bill', service: 'billing' },
    ...{ since: 0, stuckAt: 0, basis: 'structural', absence: 'undelivered-message' },
  });
  return hasSeveralEntries(digest) && wasDoneUnseen(expected, digest, model);
};

test('a step was done if what only it causes is there, and its cause is not', () => {
  expect(isDone(sign, { as: 'grant' })).toBe(true);
});
test('a step was done if the message that it sends was received, and the step was not', () => {
  const sent: StepSketch = { as: 'send paid', service: 'billing', sends: { paid: ['grant'] } };
  expect(isDone(sign, sent, { as: 'grant', from: 'send paid' })).toBe(true);
  expect(isDone(sign, { ...sent, service: 'till' })).toBe(false);
  expect(isDone(sign, { ...sent, sends: { refused: [] } })).toBe(false);
});
test('a step was not done if nothing tells of it', () => {
  expect(isDone(sign)).toBe(false);
  expect(isDone(sign, { as: 'audit' })).toBe(false);
  expect(isDone(sign, { as: 'grant', from: 'sign' })).toBe(false);
});
test('a step was not done by what came before it could be done', () => {
  expect(isDone({ ...sign, atMs: 2000 }, { as: 'grant', atMs: 1500 })).toBe(false);
});
test('a step was not done if another step in the flow may have caused what came', () => {
  const two = createTypeModel();
  const other: StepSketch[] = [
    whole[0]!,
    { as: 'gift', from: 'sign' },
    { as: 'grant', from: 'gift' },
  ];
  for (let i = 0; i < 100; i++) {
    teach(two, aDigest(`a${i}`, whole), 1);
    teach(two, aDigest(`b${i}`, other), 1);
  }
  const digest = aDigest('f', [sign, { as: 'gift', from: 'sign' }, { as: 'grant' }]);
  const expected = waitingFor({
    ...{ id: 'x', afterStepId: digest.steps[0]!.id, step: 'bill', service: 'billing' },
    ...{ since: 0, stuckAt: 0, basis: 'structural', absence: 'undelivered-message' },
  });
  expect(wasDoneUnseen(expected, digest, two)).toBe(false);
  // A gift that was granted already did not cause what came without a known cause.
  const granted = aDigest('g', [...other.with(0, sign), { as: 'grant' }]);
  expect(wasDoneUnseen({ ...expected, afterStepId: 'g 0' }, granted, two)).toBe(true);
});
