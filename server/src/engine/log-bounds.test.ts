import { expect, test } from 'vitest';
import { LOG_LIMITS, type LogRecord } from '../model/log-record.ts';
import { unixNanos } from '../model/time.ts';
import { createLogBounds, type LogBounds } from './log-bounds.ts';

const record = (traceId: string, severity: number, body = 'x'): LogRecord => ({
  ...{ id: '', traceId, spanId: '', time: unixNanos(0n), receivedAtMs: 0, severity, body },
  ...{ eventName: '', scope: '', attributes: '', resource: '', isCut: false },
  service: { environment: '', name: '', version: '', instance: '' },
});
const keptOf = (bounds: LogBounds, severity: number, body?: string, traceId = 'a'): number => {
  let kept = 0;
  while (bounds.hasRoom(record(traceId, severity, body))) kept++;
  return kept;
};

test('errors have room although other records took all they may', () => {
  const bounds = createLogBounds();
  const others = LOG_LIMITS.records * LOG_LIMITS.shareBelowError;
  expect(keptOf(bounds, 9)).toBe(others);
  expect(keptOf(bounds, 17)).toBe(LOG_LIMITS.records - others);
  expect(keptOf(bounds, 24)).toBe(0);
});

test('errors may take all there is, and then others have none', () => {
  const bounds = createLogBounds();
  expect(keptOf(bounds, 17)).toBe(LOG_LIMITS.records);
  expect(keptOf(bounds, 16)).toBe(0);
});

test('the characters are bounded as well as the records', () => {
  const bounds = createLogBounds();
  const body = 'x'.repeat(LOG_LIMITS.characters / 8);
  expect([keptOf(bounds, 9, body), keptOf(bounds, 17, body)]).toEqual([6, 2]);
  expect(bounds.hasRoom(record('a', 17, ''))).toBe(true);
});

test('each trace has a bound of its own; of too many traces the one of long ago is forgotten', () => {
  const bounds = createLogBounds(2);
  for (const trace of ['a', 'b']) expect(keptOf(bounds, 17, 'x', trace)).toBe(LOG_LIMITS.records);
  expect(bounds.hasRoom(record('a', 17))).toBe(false);
  expect(bounds.hasRoom(record('c', 17))).toBe(true);
  expect(bounds.hasRoom(record('a', 17))).toBe(false);
  expect(bounds.hasRoom(record('b', 17))).toBe(true);
});
