import { expect, test } from 'vitest';
import {
  carried,
  readScope,
  scopeParameters,
  scopeProblem,
  scopeText,
  spanBefore,
  spanOf,
} from './scope.ts';

const NOW = Date.UTC(2026, 5, 10, 12);
const HOUR = 3_600_000;
const scope = (query: string): ReturnType<typeof readScope> =>
  readScope(new URLSearchParams(query));

test('a relative time ends now, an absolute one is as it is written', () => {
  expect(spanOf(scope('range=4h'), NOW)).toEqual({ fromMs: NOW - 4 * HOUR, toMs: null });
  expect(spanOf(scope('range=2w'), NOW).fromMs).toBe(NOW - 14 * 24 * HOUR);
  expect(spanOf(scope('from=2026-06-01T00:00:00Z&to=2026-06-02T00:00:00Z'), NOW)).toEqual({
    fromMs: Date.UTC(2026, 5, 1),
    toMs: Date.UTC(2026, 5, 2),
  });
  expect(spanOf(scope(''), NOW)).toEqual({ fromMs: null, toMs: null });
});

test('yesterday ends where today begins', () => {
  const today = spanOf(scope('range=today'), NOW);
  const yesterday = spanOf(scope('range=yesterday'), NOW);
  expect(yesterday.toMs).toBe(today.fromMs);
  expect(today.fromMs! - yesterday.fromMs!).toBeLessThanOrEqual(25 * HOUR);
});

test('the time before is as long, and an open one has none', () => {
  expect(spanBefore(spanOf(scope('range=1h'), NOW), NOW)).toEqual({
    fromMs: NOW - 2 * HOUR,
    toMs: NOW - HOUR,
  });
  expect(spanBefore({ fromMs: null, toMs: NOW }, NOW)).toBeNull();
});

test('a time that there is not is said, whatever it is called', () => {
  for (const query of ['', 'range=7d', 'range=today', 'from=2026-01-31', 'range=90m'])
    expect(scopeProblem(scope(query))).toBeNull();
  for (const query of ['range=soon', 'range=constructor', 'range=0h', 'to=tomorrow'])
    expect(scopeProblem(scope(query)), query).toContain('is no');
  expect(scopeParameters(scope('range=soon'), NOW)).toEqual({});
});

test('a time has a name', () => {
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  expect(scopeText(scope('range=1h'), day)).toBe('Last hour');
  expect(scopeText(scope('range=90m'), day)).toBe('Last 90 minutes');
  expect(scopeText(scope('from=2026-06-01&to=2026-06-02'), day)).toBe('2026-06-01 – 2026-06-02');
  expect(scopeText(scope('from=2026-06-01'), day)).toBe('Since 2026-06-01');
  expect(scopeText(scope('q=x'), day)).toBe('');
});

test('environment and time go along, but not over what an address says itself', () => {
  const present = new URLSearchParams('q=x&environment=prod&range=1h');
  expect(carried('/services', present)).toBe('/services?environment=prod&range=1h');
  expect(carried('/flows?status=stuck&from=2026-01-01', present)).toBe(
    '/flows?status=stuck&from=2026-01-01&environment=prod',
  );
  expect(carried('/', new URLSearchParams())).toBe('/');
});
