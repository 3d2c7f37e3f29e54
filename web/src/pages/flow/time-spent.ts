import type { Flow, Segment } from '@fermata/server/contract';
import { msSince } from '../../timeline/layout.ts';

type Kind = Segment['kind'];

/** A flow's critical path in numbers: by kind, and by who or what it was. Shares are of the flow's duration. */
export interface TimeSpent {
  segments: Spent[];
  /** The longest first. */
  kinds: { kind: Kind; ms: number; share: number }[];
  /** The longest first, a few. */
  longest: Spent[];
}

/** One segment, or all of one step or between the same two steps. */
export interface Spent {
  kind: Kind;
  /** In words: whose work, or from whom to whom. */
  who: string;
  /** The step to show: whose work it was, or who waited. */
  stepId: string | null;
  ms: number;
  share: number;
}

const MOST_LONGEST = 4;
const NAMES: Record<Kind, string> = {
  processing: 'work',
  orchestrator: 'conductor',
  'queue-wait': 'queue wait',
  'intended-delay': 'intended delay',
  'retry-backoff': 'retry back-off',
  'sync-call': 'call on its way',
  unknown: 'unknown',
};
export const kindName = (kind: Kind): string => NAMES[kind];

export function timeSpentOf(flow: Flow): TimeSpent {
  const origin = BigInt(flow.startedAtUnixNano);
  const steps = new Map(flow.steps.map((step) => [step.id, step]));
  const hops = new Map(flow.hops.map((hop) => [hop.id, hop]));
  const serviceOf = (id: string | null): string => (id === null ? '' : steps.get(id)?.service) || 'outside';
  const shared = <T extends { ms: number }>(part: T): T & { share: number } => ({
    ...part,
    share: flow.durationMs > 0 ? part.ms / flow.durationMs : 0,
  });
  const parts = flow.criticalPath.map(({ kind, stepId, hopId, startUnixNano, endUnixNano }) => {
    const step = stepId === null ? undefined : steps.get(stepId);
    const hop = hopId === null ? undefined : hops.get(hopId);
    return {
      kind,
      who: step
        ? `${step.service}: ${step.name}`
        : hop
          ? `${serviceOf(hop.from)} → ${serviceOf(hop.to)}`
          : kind === 'unknown'
            ? 'nothing says why'
            : 'a step not shown',
      stepId: step?.id ?? (hop?.to && steps.has(hop.to) ? hop.to : null),
      ms: msSince(origin, endUnixNano) - msSince(origin, startUnixNano),
    };
  });
  const same = new Map<string, (typeof parts)[number]>();
  for (const part of parts) {
    const key = `${part.kind} ${part.who}`;
    same.set(key, { ...part, ms: part.ms + (same.get(key)?.ms ?? 0) });
  }
  const byLength = (a: { ms: number }, b: { ms: number }): number => b.ms - a.ms;
  return {
    segments: parts.map(shared),
    kinds: flow.timeSpent.map(shared),
    longest: [...same.values()].sort(byLength).slice(0, MOST_LONGEST).map(shared),
  };
}
