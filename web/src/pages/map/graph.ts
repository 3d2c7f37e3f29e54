import type { MapAnswer, MapEdge, MapNode } from '@fermata/server/contract';

/** A step on the map. `before` is the same step in the other flows of a comparison. */
export interface MapStep {
  node: MapNode;
  before: MapNode | null;
  /** True if only the other flows of the comparison have this step. */
  isGone: boolean;
  /** Share of the flows that contain this step, 0 to 1. */
  share: number;
  /** True if flows start with this step. */
  isStart: boolean;
}
/** A message or call on the map. */
export interface MapMessage {
  edge: MapEdge;
  before: MapEdge | null;
  isGone: boolean;
}
export interface Graph {
  steps: MapStep[];
  messages: MapMessage[];
  isCompared: boolean;
}

/** Maximum number of steps on the map. The rarest are hidden until the user asks for them. */
export const MAX_SHOWN = 40;
/**
 * Factor by which a hidden step must be more frequent than a shown one to replace it. Without it,
 * steps would appear and disappear with every small change.
 */
const STAYS = 1.2;

/** Merges the map of the flows and the map of the comparison, if there is one, into one graph. */
export function graphOf(answer: MapAnswer): Graph {
  const { against } = answer;
  const starts = new Set(
    [...answer.edges, ...(against?.edges ?? [])]
      .filter(({ from }) => from === 'start')
      .map(({ to }) => to),
  );
  const total = Math.max(1, answer.population.used);
  const steps = paired(answer.nodes, against?.nodes, emptyNode).map(({ now, before, isGone }) => ({
    ...{ node: now, before, isGone },
    share: now.flows / total,
    isStart: starts.has(now.id),
  }));
  const isInside = ({ from, to }: MapEdge): boolean => from !== 'start' && to !== 'end';
  const messages = paired(
    answer.edges.filter(isInside),
    against?.edges.filter(isInside),
    emptyEdge,
  ).map(({ now, before, isGone }) => ({ edge: now, before, isGone }));
  return { steps, messages, isCompared: against !== undefined };
}

/** Returns whether flows are late or stuck at the step, so that it must not be hidden. */
export const isHeld = ({ node }: MapStep): boolean => node.stuck > 0 || node.late > 0;

export interface Folding {
  /** Minimum share of flows for a step that is shown; rarer ones are hidden. */
  minShare: number;
  /** True if rare steps are shown too. */
  isOpen: boolean;
  /**
   * Ids of the steps that are shown now. They are preferred to others that are about as frequent.
   */
  present: ReadonlySet<string>;
}

/**
 * Divides steps into shown and rare ones. Steps at which flows are late or stuck are always shown.
 */
export function foldSteps(
  steps: readonly MapStep[],
  { minShare, isOpen, present }: Folding,
): { shown: MapStep[]; rare: MapStep[] } {
  if (isOpen) return { shown: [...steps], rare: [] };
  const frequent = (one: MapStep): boolean =>
    isHeld(one) || Math.max(one.share, one.isGone ? 1 : 0) >= minShare;
  const weight = (one: MapStep): number =>
    isHeld(one)
      ? Infinity
      : Math.max(one.node.flows, one.before?.flows ?? 0) * (present.has(one.node.id) ? STAYS : 1);
  const ranked = steps
    .filter(frequent)
    .sort((a, b) => weight(b) - weight(a) || (a.node.id < b.node.id ? -1 : 1));
  const kept = new Set(ranked.slice(0, MAX_SHOWN).map(({ node }) => node.id));
  return {
    shown: steps.filter(({ node }) => kept.has(node.id)),
    rare: steps.filter(({ node }) => !kept.has(node.id)),
  };
}

/** Returns the messages whose two steps are both shown. */
export function messagesBetween(
  messages: readonly MapMessage[],
  shown: readonly MapStep[],
): MapMessage[] {
  const ids = new Set(shown.map(({ node }) => node.id));
  return messages.filter(({ edge }) => ids.has(edge.from) && ids.has(edge.to));
}

export type Thickness = 'flows' | 'time';

/** Returns the line width of each message, px, by the number of flows or by its median wait. */
export function widthsOf(
  messages: readonly MapMessage[],
  by: Thickness,
): ReadonlyMap<string, number> {
  const measure = ({ edge }: MapMessage): number => (by === 'flows' ? edge.flows : edge.waitMs.p50);
  const most = Math.max(...messages.map(measure), 0);
  return new Map(
    messages.map((one) => [one.edge.id, 1 + (most > 0 ? 3 * Math.sqrt(measure(one) / most) : 0)]),
  );
}

interface Paired<T> {
  now: T;
  before: T | null;
  isGone: boolean;
}
function paired<T extends { id: string }>(
  now: readonly T[],
  before: readonly T[] = [],
  empty: (one: T) => T,
): Paired<T>[] {
  const old = new Map(before.map((one) => [one.id, one]));
  const ids = new Set(now.map(({ id }) => id));
  return [
    ...now.map((one) => ({ now: one, before: old.get(one.id) ?? null, isGone: false })),
    ...before
      .filter(({ id }) => !ids.has(id))
      .map((one) => ({ now: empty(one), before: one, isGone: true })),
  ];
}

const NEVER = { p50: 0, p90: 0, p95: 0, p99: 0, max: 0, count: 0 };
const emptyNode = (node: MapNode): MapNode => ({
  ...node,
  ...{ count: 0, flows: 0, failed: 0, retried: 0, compensated: 0, running: 0, late: 0, stuck: 0 },
  workMs: NEVER,
});
const emptyEdge = (edge: MapEdge): MapEdge => ({
  ...edge,
  ...{ count: 0, flows: 0, failed: 0, waiting: 0, deadLettered: 0, late: 0, stuck: 0 },
  waitMs: NEVER,
});
