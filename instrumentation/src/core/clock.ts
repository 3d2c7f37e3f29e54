/**
 * Returns the present time for everything that is recorded, epoch ms with fraction. OpenTelemetry's
 * own default has whole milliseconds. That is too coarse for the wait in a queue, and a span could
 * seem to end before a span that ended inside it.
 */
export const preciseNow = (): number => performance.timeOrigin + performance.now();
