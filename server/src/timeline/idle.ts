import { inOrder } from '../base/lists.ts';
import type { Idle } from '../model/flow.ts';
import type { Span } from '../model/span.ts';
import { later, shifted } from '../model/time.ts';

/**
 * Smaller gaps, ns, are ignored: they come from SDKs that truncate starts to whole milliseconds.
 */
const MIN_NS = 1_000_000n;
const MAX_GAPS = 100;
const NEVER: readonly Idle[] = [];
const byStart = (a: Span, b: Span): number => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0);

/**
 * Returns the gaps in which no span of the unit of work is open, so that the unit is idle. Without
 * these gaps, a handler that answers and continues later by a timer would seem to work all the time
 * in between.
 */
export function idleIn(unit: {
  head: Span;
  spans: readonly Span[];
  shift: bigint;
}): readonly Idle[] {
  const { head, spans, shift } = unit;
  // In most units all spans begin before the head ends, so this common case allocates nothing.
  if (head.milestone !== null || !spans.some((span) => span.start > head.end)) return NEVER;
  const own = spans.filter(
    (span) => span.milestone === null && span.service.name === head.service.name,
  );
  const idle: Idle[] = [];
  let busyUntil = head.end;
  for (const { start, end } of inOrder(own, byStart)) {
    if (start - busyUntil >= MIN_NS)
      idle.push({ start: shifted(busyUntil, shift), end: shifted(start, shift) });
    busyUntil = later(busyUntil, end);
  }
  return idle.slice(0, MAX_GAPS);
}
