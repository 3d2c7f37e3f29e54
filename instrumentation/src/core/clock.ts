/**
 * Returns the current time in epoch ms, with a fraction. All spans and log events use it, because
 * OpenTelemetry's default has whole milliseconds. That is too coarse for short waits in a queue,
 * and an outer span could seem to end before a span inside it.
 */
export const preciseNow = (): number => performance.timeOrigin + performance.now();
