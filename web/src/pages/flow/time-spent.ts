import type { Flow, Segment } from '@fermata/server/contract';
import { msSince } from '../../timeline/times.ts';
import { isolate } from '../../ui/format.ts';

/**
 * Kinds of time of the critical path, which the server reports up to the last progress, and
 * `open-wait` for the time since then.
 */
type Kind = Segment['kind'] | 'open-wait';

/**
 * What the time of a flow was spent on, from its critical path. In an open flow the path is
 * extended until now. Shares refer to the whole path.
 */
export interface TimeSpent {
  segments: Spent[];
  /** Kinds of time, the longest first. */
  kinds: { kind: Kind; ms: number; share: number }[];
  /** The longest parts of the path, the longest first. */
  longest: Spent[];
}

/**
 * A part of the critical path, or the sum of all its parts with the same step or the same sender
 * and receiver.
 */
export interface Spent {
  kind: Kind;
  /** Name of the step, or names of sender and receiver. */
  who: string;
  /** Id of the step to show for this part: the one that worked, or the one that had to wait. */
  stepId: string | null;
  ms: number;
  share: number;
}

const MAX_LONGEST = 4;
const MAX_SEGMENTS = 600;
const NAMES: Record<Kind, string> = {
  processing: 'processing',
  orchestrator: 'orchestrator',
  'queue-wait': 'queue wait',
  'intended-delay': 'intended delay',
  'retry-backoff': 'retry back-off',
  'sync-call': 'synchronous call',
  unknown: 'unknown',
  'open-wait': 'still waiting',
};
export const kindName = (kind: Kind): string => NAMES[kind];

type Part = Omit<Spent, 'share'>;

export function timeSpentOf(flow: Flow, nowMs: number): TimeSpent {
  const since = msSince(flow.startedAtUnixNano);
  const steps = new Map(flow.steps.map((step) => [step.id, step]));
  const hops = new Map(flow.hops.map((hop) => [hop.id, hop]));
  const serviceOf = (id: string | null): string =>
    isolate((id === null ? '' : steps.get(id)?.service) || 'outside');
  const parts = flow.criticalPath.map(
    ({ kind, stepId, hopId, startUnixNano, endUnixNano }): Part => {
      const step = stepId === null ? undefined : steps.get(stepId);
      const hop = hopId === null ? undefined : hops.get(hopId);
      return {
        kind,
        who: step
          ? `${isolate(step.service)}: ${isolate(step.name)}`
          : hop
            ? `${serviceOf(hop.from)} → ${serviceOf(hop.to)}`
            : kind === 'unknown'
              ? 'no cause recorded'
              : 'a step not shown',
        stepId: step?.id ?? (hop?.to && steps.has(hop.to) ? hop.to : null),
        ms: since(endUnixNano) - since(startUnixNano),
      };
    },
  );
  const past = parts.reduce((sum, part) => sum + part.ms, 0);
  const open = since(`${nowMs}000000`) - past;
  if (flow.phase !== 'ended' && open > 0) parts.push({ ...goingOn(flow), ms: open });
  const total = parts.reduce((sum, part) => sum + part.ms, 0);
  const shared = <T extends { ms: number }>(part: T): T & { share: number } => ({
    ...part,
    share: total > 0 ? part.ms / total : 0,
  });
  const kinds = new Map<Kind, number>(flow.timeSpent.map(({ kind, ms }) => [kind, ms]));
  for (const { kind, ms } of parts.slice(flow.criticalPath.length))
    kinds.set(kind, ms + (kinds.get(kind) ?? 0));
  const same = new Map<string, Part>();
  for (const part of parts) {
    const key = `${part.kind} ${part.who}`;
    same.set(key, { ...part, ms: part.ms + (same.get(key)?.ms ?? 0) });
  }
  const byLength = (a: { ms: number }, b: { ms: number }): number => b.ms - a.ms;
  return {
    segments: legible(parts, past / MAX_SEGMENTS).map(shared),
    kinds: [...kinds].map(([kind, ms]) => shared({ kind, ms })).sort(byLength),
    longest: [...same.values()].sort(byLength).slice(0, MAX_LONGEST).map(shared),
  };
}

/**
 * Merges neighbouring parts that are too short to be visible. A merged part has the kind of the
 * longer one.
 */
function legible(parts: readonly Part[], least: number): Part[] {
  const seen: Part[] = [];
  for (const part of parts) {
    const last = seen[seen.length - 1];
    if (last === undefined || part.ms >= least || last.ms >= least) seen.push(part);
    else seen[seen.length - 1] = { ...(part.ms > last.ms ? part : last), ms: part.ms + last.ms };
  }
  return seen;
}

/**
 * Returns what an open flow has been doing since the end of its critical path: working or waiting.
 */
function goingOn(flow: Flow): Omit<Part, 'ms'> {
  const running = flow.steps.findLast((step) => step.status === 'running');
  if (running)
    return {
      kind: 'processing',
      who: `${isolate(running.service)}: ${isolate(running.name)}`,
      stepId: running.id,
    };
  const [first, ...others] = [...flow.waitingFor].sort(
    (a, b) => Date.parse(a.lateAt) - Date.parse(b.lateAt),
  );
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  if (first)
    return {
      kind: 'open-wait',
      who: `for ${isolate(first.step)}${more}`,
      stepId: first.afterStepId,
    };
  const sent = flow.hops.find((hop) => hop.state === 'waiting');
  if (sent)
    return {
      kind: 'open-wait',
      who: `for a consumer of ${isolate(sent.message.type) || 'a message'}`,
      stepId: sent.from,
    };
  return { kind: 'open-wait', who: 'for the next step', stepId: null };
}
