import type { MapAnswer, MapEdge, MapNode } from '@fermata/server/contract';

/** A step on the map. `before` is the same step of the flows that are compared with. */
export interface MapStep {
  node: MapNode;
  before: MapNode | null;
  /** Only the flows that are compared with have it. */
  isGone: boolean;
  /** Share of the flows that have this node, 0 to 1. */
  share: number;
  /** Flows start with it. */
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

/** Maximum number of steps that are shown before rarer ones are asked for. */
export const MAX_SHOWN = 40;
/** A step that is shown stays, until another is more frequent by this factor. */
const STAYS = 1.2;

/** Makes one graph of an answer and, if there is one, of what it is compared with. */
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

/** Returns whether something at the step needs attention, so that it is never folded. */
export const isHeld = ({ node }: MapStep): boolean => node.stuck > 0 || node.late > 0;

export interface Folding {
  /** Steps in a smaller share of the flows are rare. */
  minShare: number;
  /** Show the rare ones, too. */
  isOpen: boolean;
  /** Ids of the steps that are shown at present, which stay where the choice is close. */
  present: ReadonlySet<string>;
}

/**
 * Splits steps into those that are shown and rare ones. Steps where flows are held are shown,
 * however rare they are.
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

/** Returns the messages between steps that are shown. */
export function messagesBetween(
  messages: readonly MapMessage[],
  shown: readonly MapStep[],
): MapMessage[] {
  const ids = new Set(shown.map(({ node }) => node.id));
  return messages.filter(({ edge }) => ids.has(edge.from) && ids.has(edge.to));
}

export type Thickness = 'flows' | 'time';

/** Returns the width of each message's line, px: by how many flows take it or how long it waits. */
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
