import type { Flow, Hop, Step } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { sentence } from './sentence.ts';

const step = (id: string, service: string, more: Partial<Step> = {}): Step =>
  ({
    id,
    service,
    name: id,
    status: 'ok',
    attempts: [{}],
    error: null,
    compensatedBy: [],
    ...more,
  }) as Step;
const call = (from: string, to: string): Hop =>
  ({ from, to, state: 'delivered', sync: true, waitMs: 1 }) as Hop;
const flow = (steps: Step[], hops: Hop[], more: Partial<Flow> = {}): Flow =>
  ({
    steps,
    hops,
    findings: [],
    services: [],
    stepCount: steps.length,
    durationMs: 10,
    phase: 'ended',
    ...more,
  }) as Flow;

test('who failed is who was called last, not who passed the failure on', () => {
  const failed = { status: 'failed' as const };
  const steps = [
    step('orders', 'shop', failed),
    step('write', 'store', { ...failed, error: { type: '502', message: 'no disk' } }),
  ];
  expect(sentence(flow(steps, [call('orders', 'write')]))).toBe(
    'store failed at “write”: no disk.',
  );
});

test('what was compensated is said', () => {
  const undone = { compensatedBy: ['x'] };
  const steps = [
    step('a', 's', undone),
    step('b', 's', undone),
    step('c', 's', { status: 'failed' }),
  ];
  expect(sentence(flow(steps, []))).toBe('s failed at “c”. “a” and “b” were compensated.');
  expect(sentence(flow(steps.slice(0, 1), []))).toBe('“a” was compensated.');
});
