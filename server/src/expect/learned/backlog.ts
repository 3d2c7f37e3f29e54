import type { Flow } from '../../model/flow.ts';
import { msOf } from '../../model/time.ts';

/**
 * A flow all of whose steps were received this long, ms, after their end was delivered out of a
 * backlog. Less than this is the delay of an exporter, as in `sender-clocks.ts`.
 */
const BACKLOG_MS = 10_000;

/**
 * Returns the delay, ms, with which all steps of the flow were received; 0 if an exporter explains
 * it. A collector that hands over a queue of hours delays whole flows. That is no lag of their
 * steps: learned as one, it would put off every deadline by the same hours.
 */
export function backlogMsOf({ steps }: Pick<Flow, 'steps'>): number {
  let least = Infinity;
  for (const { start, end, endReceivedMs } of steps)
    least = Math.min(least, endReceivedMs - msOf(end ?? start));
  return least > BACKLOG_MS && least !== Infinity ? least : 0;
}
