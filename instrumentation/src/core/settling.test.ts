import type { Span } from '@opentelemetry/api';
import { afterEach, expect, test, vi } from 'vitest';
import { recordTelemetry } from '../testing/telemetry.ts';
import { endFailed, noteFailure } from './end-span.ts';
import { startProcessing } from './message-spans.ts';
import { beginHandling, endRefused, UNACKNOWLEDGED_AFTER_MS } from './settling.ts';

const { spans } = recordTelemetry();
const messages = (): (string | undefined)[] => spans().map(({ status }) => status.message);
const start = (): Span => startProcessing({ destination: 'users', system: 'bus' }).span;

afterEach(() => void vi.useRealTimers());

test('a refusal ends a span at once where no handler runs', () => {
  const span = start();
  const endHandling = beginHandling(span);
  endHandling();
  expect(spans()).toHaveLength(0);
  endRefused(span, false);
  expect(messages()).toEqual(['nacked']);
});

test.each([
  ['throws', (span: Span) => endFailed(span, new Error('no stock'))],
  ['fails in a framework', (span: Span) => noteFailure(span, new Error('no stock'))],
])('a handler that refuses and then %s: that is the error', (_how, fail) => {
  const span = start();
  const endHandling = beginHandling(span);
  endRefused(span, true);
  expect(spans()).toHaveLength(0);
  fail(span);
  endHandling();
  expect(messages()).toEqual(['no stock']);
  expect(spans()[0]!.attributes['error.type']).toBe('Error');
});

test('a handler that refuses and ends well was refused', () => {
  const span = start();
  const endHandling = beginHandling(span);
  endRefused(span, true);
  endHandling();
  expect(messages()).toEqual(['nacked, requeued']);
});

test('a handler that refuses and never ends is not waited for', () => {
  vi.useFakeTimers();
  const span = start();
  beginHandling(span);
  endRefused(span, false);
  vi.advanceTimersByTime(UNACKNOWLEDGED_AFTER_MS.callback - 1);
  expect(spans()).toHaveLength(0);
  vi.advanceTimersByTime(1);
  expect(messages()).toEqual(['nacked']);
});
