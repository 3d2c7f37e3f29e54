/**
 * Returns the time of everything recorded, epoch ms with fraction. OpenTelemetry's own default has
 * whole milliseconds: too coarse for a queue wait, and a span could end before the one that ended
 * inside it.
 */
export const preciseNow = (): number => performance.timeOrigin + performance.now();
