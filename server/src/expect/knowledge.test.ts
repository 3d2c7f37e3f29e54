import { describe, expect, test } from 'vitest';
import { manualClock } from '../base/clock.ts';
import { createCounters } from '../base/counters.ts';
import { aDigest, type StepSketch } from '../testing/digests.ts';
import { createKnowledge } from './knowledge.ts';
import { teach } from './learned/model.ts';

const whole: StepSketch[] = [
  { as: 'sign', sends: { chosen: ['bill'] } },
  { as: 'bill', from: 'sign', sends: { paid: ['grant'] } },
  { as: 'grant', from: 'bill' },
];
const sign: StepSketch = { as: 'sign', sends: { chosen: [] } };
const known = () => {
  const knowledge = createKnowledge({
    ...{ clock: manualClock(), counters: createCounters(), floorMs: 1000 },
  });
  for (let i = 0; i < 200; i++) {
    const digest = aDigest(`t${i}`, whole);
    teach(knowledge.models.of(digest.type), digest, 1);
    knowledge.structural.teach(digest, 1);
  }
  return knowledge;
};

describe('a message that nobody was seen to take', () => {
  test('is awaited, and so is nothing behind it', () => {
    const knowledge = known();
    const digest = aDigest('f', [sign]);
    expect(knowledge.expected(digest).map(({ step }) => step)).toEqual(['bill']);
    expect(knowledge.lacksSpans(digest)).toBe(false);
  });

  test('is not awaited, nor is the flow behind it, if a batch may have taken it unseen', () => {
    const knowledge = known();
    const digest = aDigest('f', [sign]);
    knowledge.structural.observeCut('prod', 'chosen', 1200);
    expect(knowledge.expected(digest)).toEqual([]);
    expect(knowledge.lacksSpans(digest)).toBe(true);
    expect(knowledge.expected(aDigest('g', [{ ...sign, atMs: 1300 }]))).toHaveLength(1);
  });

  test('was taken, if what only its taker causes came, and teaches nothing', () => {
    const knowledge = known();
    const digest = aDigest('f', [sign, { as: 'grant' }]);
    expect(knowledge.expected(digest)).toEqual([]);
    expect(knowledge.lacksSpans(digest)).toBe(true);
    expect(knowledge.lacksSpans(aDigest('g', whole))).toBe(false);
  });
});
