import type { FlowSummary } from '@fermata/server/contract';
import { duration, isolate, nanosToMs } from '../../ui/format.ts';

/** The headline answers whether anything is stuck now; `oldest` has not moved for the longest. */
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

/** The flow whose last progress lies furthest back has been held for the longest. */
export const longestHeld = (flows: readonly FlowSummary[]): FlowSummary | undefined =>
  flows.reduce<FlowSummary | undefined>(
    (oldest, flow) =>
      oldest && nanosToMs(oldest.lastProgressAtUnixNano) <= nanosToMs(flow.lastProgressAtUnixNano)
        ? oldest
        : flow,
    undefined,
  );
