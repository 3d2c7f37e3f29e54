/**
 * Tells the time of all that is recorded, epoch ms with fraction. OpenTelemetry's own default has
 * whole milliseconds: too coarse for a queue wait, and what ends by it can come before what it
 * ended with.
 */
export const preciseNow = (): number => performance.timeOrigin + performance.now();
