import type { Flow } from '../../model/flow.ts';
import { msOf } from '../../model/time.ts';

/**
 * If all steps of a flow were received more than this time, ms, after their end, the flow was
 * delivered out of a backlog. A shorter delay is that of an exporter, as in `sender-clocks.ts`.
 */
const BACKLOG_MS = 10_000;

/**
 * Returns the delay, ms, with which all steps of the flow were received; 0 if an exporter explains
 * the delay. A collector that delivers a backlog of hours delays whole flows. If this delay were
 * learned as the lag of steps, all deadlines would be hours too late.
 */
export function backlogMsOf({ steps }: Pick<Flow, 'steps'>): number {
  let least = Infinity;
  for (const { start, end, endReceivedMs } of steps)
    least = Math.min(least, endReceivedMs - msOf(end ?? start));
  return least > BACKLOG_MS && least !== Infinity ? least : 0;
}
