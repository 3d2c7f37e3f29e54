import type { Flow } from '../model/flow.ts';
import type { FlowInput } from '../model/flow-input.ts';
import { causalShifts } from './causal-time.ts';
import type { KnownClocks } from './clocks/index.ts';
import { splitRuns } from './runs.ts';
import { toTimeline } from './timeline.ts';

export { createClocks, RIGHT_CLOCKS, type Clocks } from './clocks/index.ts';
export { createLearnedNames, type LearnedNames } from './learned-names.ts';
export { createProjectedLately } from './clocks/projected-lately.ts';

/**
 * Builds the timelines of one flow, one for each run, oldest first. The same input and the same
 * clock verdicts give the same timelines, byte for byte; the only side effect is that waits are
 * reported to `clocks`.
 *
 * @param runQuietNs idle time, ns, after which an id that is used again begins a new run; 0n if
 * idle time never begins one.
 */
export function timelinesOf(input: FlowInput, clocks: KnownClocks, runQuietNs: bigint): Flow[] {
  const shifts = causalShifts(input, clocks);
  const runs = splitRuns(input, shifts, runQuietNs).map((run, i) => toTimeline(run, shifts, i + 1));
  runs.slice(1).forEach((flow, i) => {
    flow.relations.push({ flowId: runs[i]!.id, kind: 'previous-run', viaSpanId: '', target: '' });
  });
  return runs;
}
