import type { FlowSummary } from '@fermata/server/contract';
import { duration, isolate, nanosToMs } from '../../ui/format.ts';

/**
 * Returns a sentence that says whether any flow is stuck now. `oldest` is the flow that has been
 * without progress for the longest time.
 */
export function headline(
  stuck: number,
  late: number,
  oldest: FlowSummary | undefined,
  now: number,
): string {
  if (stuck > 0) {
    const held = oldest
      ? `${stuck === 1 ? '' : ', one'} for ${duration(now - nanosToMs(oldest.lastProgressAtUnixNano))}`
      : '';
    const step = oldest?.findings.find((finding) => finding.step !== null)?.step;
    const what = step ? `: it waits for ${isolate(step)}` : '';
    return `${stuck.toLocaleString()} ${stuck === 1 ? 'flow is' : 'flows are'} stuck${held}${what}.`;
  }
  if (late > 0)
    return `Nothing is stuck. ${late.toLocaleString()} ${late === 1 ? 'flow is' : 'flows are'} late.`;
  return 'Nothing is stuck.';
}

/** Returns the flow whose last progress is furthest back; undefined if there are no flows. */
export const longestHeld = (flows: readonly FlowSummary[]): FlowSummary | undefined =>
  flows.reduce<FlowSummary | undefined>(
    (oldest, flow) =>
      oldest && nanosToMs(oldest.lastProgressAtUnixNano) <= nanosToMs(flow.lastProgressAtUnixNano)
        ? oldest
        : flow,
    undefined,
  );
