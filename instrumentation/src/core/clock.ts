import type { HrTime } from '@opentelemetry/api';

/**
 * Returns the current time in epoch ms, with a fraction. All spans and log events use it, because
 * OpenTelemetry's default has whole milliseconds. That is too coarse for short waits in a queue,
 * and an outer span could seem to end before a span inside it.
 */
export const preciseNow = (): number => ORIGIN + performance.now();
/** It never changes, and reading it costs as much as the time itself. */
const ORIGIN = performance.timeOrigin;

/**
 * Turns such a time into the form that spans keep. Of a number, OpenTelemetry's SDK first asks
 * whether it is below `performance.now()`, which costs more than this.
 */
export function spanTime(ms = preciseNow()): HrTime {
  const seconds = Math.trunc(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}
