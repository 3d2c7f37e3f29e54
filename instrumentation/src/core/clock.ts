/**
 * Returns the present time for everything that is recorded, epoch ms with fraction. OpenTelemetry's
 * own default has whole milliseconds, which are too coarse to measure a wait in a queue. Also, an
 * outer span could seem to end before a span inside it.
 */
export const preciseNow = (): number => performance.timeOrigin + performance.now();
