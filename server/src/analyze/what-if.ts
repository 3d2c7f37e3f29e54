import { append } from '../base/lists.ts';
import type { Flow, Hop, Step } from '../model/flow.ts';
import { earlier, later, msBetween, type UnixNanos } from '../model/time.ts';
import { waitKind, type SegmentKind } from './critical-path.ts';
import { isAwaited, sentAt } from './sent-at.ts';
import { segmentId } from './traits.ts';

/**
 * Maximum number of steps of a flow whose duration is computed again. Flows with more steps keep
 * their duration, because each step is followed to its causes.
 */
export const MAX_WHAT_IF_STEPS = 2000;

/**
 * Returns how long the flow would have taken, ms, if everything that the segment names had taken
 * `factor` of its time. The timeline is computed again from its start: a step begins after its last
 * cause, a caller continues when its call returns, and a branch that nobody waits for shortens
 * nothing. So the answer is not the duration less a share of it.
 *
 * The function is pure. Time whose cause is not known stays as long as it was.
 */
export function durationIf(flow: Flow, segment: bigint, factor: number): number {
  if (flow.steps.length > MAX_WHAT_IF_STEPS) return flow.durationMs;
  const end = later(flow.ended ?? flow.lastProgress, flow.started);
  const byEnd = [...flow.steps].sort((a, b) => compare(endOf(a, end), endOf(b, end)));
  const last = byEnd.at(-1);
  if (last === undefined) return flow.durationMs;
  const { momentIn } = createRetiming(flow, byEnd, end, { segment, factor });
  // `endOf` cuts steps off at the end of the flow, so that later work does not make the flow
  // longer.
  const ends = flow.steps.map((step) => momentIn(step, endOf(step, end)));
  const rest = msBetween(endOf(last, end), end);
  return Math.max(0, ...ends) + Math.max(0, rest);
}

interface Retiming {
  /**
   * Returns when, in ms since the flow began, a step now reaches the point that it reached at `at`.
   */
  momentIn: (step: Step, at: UnixNanos) => number;
}

function createRetiming(
  flow: Flow,
  byEnd: readonly Step[],
  end: UnixNanos,
  { segment, factor }: { segment: bigint; factor: number },
): Retiming {
  const steps = new Map(flow.steps.map((step) => [step.id, step]));
  const hops = new Map(flow.hops.map((hop) => [hop.id, hop]));
  const { causes, calls } = connectionsOf(flow, steps);
  const scaled = (ms: number, kind: SegmentKind, step: Step | null, hop: Hop | null): number =>
    segmentId({ kind, stepId: step?.id ?? null, hopId: hop?.id ?? null }, steps, hops) === segment
      ? ms * factor
      : ms;
  const worked = (step: Step, ms: number): number => {
    const kind = step.kind === 'timer' ? 'intended-delay' : 'processing';
    const own = scaled(ms, kind, step, null);
    return own === ms ? scaled(ms, 'orchestrator', step, null) : own;
  };

  /** New starts of steps, ms since the flow began. Null while a start is being computed. */
  const starts = new Map<string, number | null>();
  const startOf = (step: Step): number => {
    const known = starts.get(step.id);
    if (known !== undefined) return known ?? sinceStart(step.start);
    starts.set(step.id, null);
    const start = Math.max(0, afterCauses(step) ?? afterOthers(step));
    starts.set(step.id, start);
    return start;
  };
  const sinceStart = (at: UnixNanos): number => msBetween(flow.started, at);
  const afterCauses = (step: Step): number | null => {
    const list = causes.get(step.id);
    const last = list?.at(-1);
    if (list === undefined || last === undefined) return null;
    // Where branches join, the step follows the branch that comes last. The wait between the two is
    // that of the last message.
    const sent = Math.max(
      ...list.map((hop) => momentIn(steps.get(hop.from!)!, earlier(sentAt(hop), step.start))),
    );
    return sent + scaled(msBetween(sentAt(last), step.start), waitKind(last), null, last);
  };
  const afterOthers = (step: Step): number => {
    const before = byEnd.findLast(
      (other) => other !== step && other.end !== null && other.end <= step.start,
    );
    if (before === undefined) return sinceStart(step.start);
    return (
      momentIn(before, before.end!) +
      scaled(msBetween(before.end!, step.start), 'unknown', null, null)
    );
  };
  const momentIn = (step: Step, at: UnixNanos): number => {
    let moment = startOf(step);
    let done = step.start;
    const work = (until: UnixNanos): void => {
      if (until <= done) return;
      moment += worked(step, msBetween(done, until));
      done = until;
    };
    for (const cluster of calls.get(step.id) ?? []) {
      if (cluster.from >= at) break;
      work(cluster.from);
      if (at < cluster.to) return moment + msBetween(cluster.from, at);
      const returns = cluster.calls.map(({ hop, callee, back }) => {
        const begun =
          moment +
          msBetween(cluster.from, hop.sent) +
          scaled(msBetween(hop.sent, callee.start), waitKind(hop), null, hop);
        starts.set(callee.id, begun);
        const ended = momentIn(callee, earlier(endOf(callee, end), back));
        const way = msBetween(endOf(callee, end), back);
        return ended + (way > 0 ? scaled(way, 'sync-call', null, hop) : 0);
      });
      moment = Math.max(moment, ...returns);
      done = cluster.to;
    }
    work(at);
    return moment;
  };
  return { momentIn };
}

interface Call {
  hop: Hop;
  callee: Step;
  back: UnixNanos;
}
/** Calls of one step, and messages whose answers it awaits, that overlap in time. */
interface Cluster {
  from: UnixNanos;
  to: UnixNanos;
  calls: Call[];
}

function connectionsOf(
  flow: Flow,
  steps: ReadonlyMap<string, Step>,
): { causes: Map<string, Hop[]>; calls: Map<string, Cluster[]> } {
  const causes = new Map<string, Hop[]>();
  const single = new Map<string, Call[]>();
  for (const hop of flow.hops) {
    const from = steps.get(hop.from ?? '');
    const to = steps.get(hop.to ?? '');
    if (from === undefined || to === undefined || from === to || sentAt(hop) > to.start) continue;
    append(causes, to.id, hop);
    if (!isAwaited(hop)) continue;
    const back = hop.returned ?? to.end ?? to.start;
    if (back > hop.sent && (from.end === null || back <= from.end) && hop.sent >= from.start)
      append(single, from.id, { hop, callee: to, back });
  }
  for (const list of causes.values()) list.sort((a, b) => compare(sentAt(a), sentAt(b)));
  const calls = new Map<string, Cluster[]>();
  for (const [id, list] of single) {
    list.sort((a, b) => compare(a.hop.sent, b.hop.sent));
    for (const call of list) {
      const open = calls.get(id)?.at(-1);
      if (open !== undefined && call.hop.sent < open.to) {
        open.calls.push(call);
        open.to = later(open.to, call.back);
      } else append(calls, id, { from: call.hop.sent, to: call.back, calls: [call] });
    }
  }
  return { causes, calls };
}

const endOf = ({ end }: Step, flowEnd: UnixNanos): UnixNanos =>
  end === null ? flowEnd : earlier(end, flowEnd);
const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
