import { expect, test } from 'vitest';
import type { Flow, Step } from '../model/flow.ts';
import { sentSteps } from './sent-steps.ts';

const flowOf = (count: number, more: (i: number) => Partial<Step> = () => ({})): Flow =>
  ({
    started: 0n,
    waitingFor: [],
    findings: [],
    steps: Array.from({ length: count }, (_, i) => ({
      id: `s${i}`,
      status: 'ok',
      kind: 'task',
      compensatedBy: [],
      start: BigInt(i) * 1_000_000n,
      end: BigInt(i + 1) * 1_000_000n,
      ...more(i),
    })),
  }) as unknown as Flow;

test('a flow that is not large is sent whole', () => {
  expect(sentSteps(flowOf(3), 10, null)).toEqual([0, 1, 2]);
});

test('of a large flow the first and last steps, and all that failed or wait, are sent', () => {
  const flow = flowOf(10_000, (i) => (i % 97 === 5 ? { status: 'failed' } : {}));
  const waiting = { ...flow, waitingFor: [{ afterStepId: 's7001' }] } as Flow;
  const sent = new Set(sentSteps(waiting, 2000, null));
  expect(sent.size).toBe(2000);
  for (const at of [0, 49, 9950, 9999, 7001]) expect(sent.has(at), String(at)).toBe(true);
  expect(flow.steps.every((step, at) => step.status === 'ok' || sent.has(at))).toBe(true);
  // The remaining steps are taken from the whole flow, not only from its beginning.
  const others = [...sent].filter((at) => at > 5000 && at < 9000).length;
  expect(others).toBeGreaterThan(500);
});

test('a part of the time gives all its steps', () => {
  const flow = flowOf(10_000);
  const sent = sentSteps(flow, 2000, { fromMs: 5000, toMs: 6000 });
  expect(sent).toEqual(Array.from({ length: 1002 }, (_, i) => i + 4999));
});

test('not more than the limit is sent, even if every step failed', () => {
  const flow = flowOf(10_000, () => ({ status: 'failed' }));
  const sent = sentSteps(flow, 2000, null);
  expect(sent).toHaveLength(2000);
  expect(sent[0]).toBe(0);
  expect([...sent].sort((a, b) => a - b)).toEqual(sent);
});
