import {
  conductorOf,
  hopKindOf,
  knowsOf,
  share,
  sharesOf,
  styleFrom,
  type HopKind,
  type HopsBetween,
  type Style,
} from './style.ts';
import type { EdgeBody } from './trait.ts';

/**
 * What was counted over the flows of one type. From this, `coordinationOf` tells how their services
 * work together: which service must know which, which waits for which, and which must hear of a
 * failure. All functions are pure.
 */
/** What is counted of an edge over all flows of one type. */
interface TraitSums {
  id: bigint;
  type: string;
  count: number;
  flows: number;
  deadLettered: number;
}
/** Maximum number of edges that are looked at for who waits for whom, the most frequent ones. */
const MAX_HOLDING = 3000;

export interface Counted {
  type: string;
  flows: number;
  nodes: NodeCount[];
  edges: EdgeCount[];
  blocked: { node: string; flows: number; totalMs: number; depth: number }[];
  audiences: { failure: string; service: string; role: 'must' | 'hears' }[];
  /** Flows that a service takes part in; `held` are those in which others wait for it. */
  services: { service: string; flows: number; held: number }[];
  styles: { style: Style; flows: number }[];
}
export interface NodeCount {
  id: string;
  service: string;
  step: string;
  count: number;
  flows: number;
  failed: number;
  compensated: number;
  totalMs: number;
  exampleFlowIds: string[];
}
export interface EdgeCount extends EdgeBody {
  id: string;
  count: number;
  flows: number;
  lagMs: Lag;
  newestMs: number;
  /** Start of the first flow that has this edge, epoch ms. */
  firstAt: number;
  exampleFlowIds: string[];
}
/** Quantiles of the time that the messages of an edge waited, ms. */
interface Lag {
  p50: number;
  p90: number;
  p95: number;
  p99: number;
  max: number;
  count: number;
}

export interface Coordination {
  type: string;
  flows: number;
  verdict: Style;
  /** Number of flows of each style. */
  styles: { style: Style; flows: number }[];
  shares: Record<HopKind, number>;
  hops: number;
  conductor: string | null;
  coupling: number;
  knows: { service: string; knows: string[] }[];
  listeners: Listener[];
  failureAudience: { failure: string; mustHear: string[]; hear: string[] }[];
  blocked: { service: string; step: string; share: number; ms: number; chainDepth: number }[];
  ifStops: { service: string; flowsShare: number; heldShare: number }[];
  decisions: { service: string; step: string; next: { step: string; flowsShare: number }[] }[];
}
export interface Listener {
  message: string;
  from: string;
  service: string;
  firstAt: number;
  lagMs: Lag;
  nowMs: number;
  exampleFlowIds: string[];
}

export function coordinationOf(counted: Counted): Coordination {
  const { type, flows } = counted;
  const nodes = new Map(counted.nodes.map((node) => [node.id, node]));
  const hops = counted.edges.flatMap((edge) => hopsBetween(edge, nodes));
  const knows = knowsOf(hops);
  return {
    ...{ type, flows, knows },
    shares: sharesOf(hops),
    hops: hops.reduce((sum, { count }) => sum + count, 0),
    conductor: conductorOf(hops),
    verdict: styleFrom(hops),
    styles: [...counted.styles].sort((a, b) => b.flows - a.flows),
    coupling: Math.max(0, ...knows.map((one) => one.knows.length)),
    listeners: listenersOf(hops),
    failureAudience: audiencesOf(counted.audiences),
    blocked: blockedOf(counted, nodes),
    ifStops: counted.services
      .map(({ service, flows: having, held }) => ({
        ...{ service, flowsShare: share(having, flows), heldShare: share(held, flows) },
      }))
      .sort(
        (a, b) =>
          b.heldShare - a.heldShare ||
          b.flowsShare - a.flowsShare ||
          (a.service < b.service ? -1 : 1),
      ),
    decisions: decisionsOf(counted, nodes),
  };
}

interface HopBetween extends EdgeCount, HopsBetween {}

/**
 * Returns the edge as hops between two services. Returns none if both ends are in one service, or
 * if one end is the start or the end of the flow.
 */
function hopsBetween(edge: EdgeCount, nodes: ReadonlyMap<string, NodeCount>): HopBetween[] {
  const sender = nodes.get(edge.from)?.service;
  const receiver = nodes.get(edge.to)?.service;
  if (sender === undefined || receiver === undefined || sender === receiver) return [];
  const kind = hopKindOf(edge.message?.kind, edge.sync);
  return kind === null ? [] : [{ ...edge, kind, sender, receiver }];
}

/** Groups of edges: in a flow that has an edge of a group, others wait for a service. */
export interface Holding {
  groups: bigint[][];
  /** Returns the position of the group of a service, for flows of a type; -1 if it has none. */
  groupOf: (type: string, service: string) => number;
}

/**
 * Returns the edges by which others wait for a service: what its steps send to steps of others, and
 * calls of others that it answers. A message that flows of a type only keep as a dead letter leads
 * to nothing there that waits for it. Types of which nothing differs share a group.
 */
export function holdingEdges(
  edges: readonly (EdgeBody & TraitSums)[],
  serviceOf: (node: string) => string | undefined,
): Holding {
  const givenUp = new Set<string>();
  const ofService = new Map<string, Set<bigint>>();
  const known = new Set<bigint>();
  for (const { id, type, from, to, sync, count, deadLettered } of [...edges].sort(byFlows)) {
    const [sender, receiver] = [serviceOf(from), serviceOf(to)];
    if (sender === undefined || receiver === undefined || sender === receiver) continue;
    if (deadLettered >= count) {
      givenUp.add(`${id} ${type}`);
      continue;
    }
    if (known.size >= MAX_HOLDING && !known.has(id)) continue;
    known.add(id);
    for (const service of sync ? [sender, receiver] : [sender])
      ofService.set(service, (ofService.get(service) ?? new Set()).add(id));
  }
  const groups = new Map<string, bigint[]>();
  const keys = new Map<string, string>();
  for (const type of new Set(edges.map((edge) => edge.type)))
    for (const [service, ids] of ofService) {
      const group = [...ids].filter((id) => !givenUp.has(`${id} ${type}`));
      if (group.length === 0) continue;
      groups.set(group.join(), group);
      keys.set(`${type}\0${service}`, group.join());
    }
  const places = new Map([...groups.keys()].map((key, at) => [key, at]));
  return {
    groups: [...groups.values()],
    groupOf: (type, service) => places.get(keys.get(`${type}\0${service}`) ?? '') ?? -1,
  };
}
const byFlows = (a: TraitSums, b: TraitSums): number => b.flows - a.flows;

function listenersOf(hops: readonly HopBetween[]): Listener[] {
  const listeners = new Map<string, Listener>();
  for (const { kind, message, sender, receiver, ...edge } of hops) {
    if (kind !== 'event') continue;
    const name = message!.type || message!.destination;
    const key = JSON.stringify([name, sender, receiver]);
    const known = listeners.get(key);
    // If several edges connect the two services, the lag of the edge with most messages is shown.
    const isMost = known === undefined || edge.lagMs.count > known.lagMs.count;
    listeners.set(key, {
      ...{ message: name, from: sender, service: receiver },
      firstAt: Math.min(edge.firstAt, known?.firstAt ?? Infinity),
      lagMs: isMost ? edge.lagMs : known.lagMs,
      nowMs: isMost ? edge.newestMs : known.nowMs,
      exampleFlowIds: isMost ? edge.exampleFlowIds : known.exampleFlowIds,
    });
  }
  return [...listeners.values()].sort(
    (a, b) => b.lagMs.p99 - a.lagMs.p99 || (a.service < b.service ? -1 : 1),
  );
}

function audiencesOf(audiences: Counted['audiences']): Coordination['failureAudience'] {
  const failures = new Map<string, { must: Set<string>; hears: Set<string> }>();
  for (const { failure, service, role } of audiences) {
    const known = failures.get(failure) ?? { must: new Set(), hears: new Set() };
    known[role].add(service);
    failures.set(failure, known);
  }
  return [...failures]
    .map(([failure, { must, hears }]) => ({
      failure,
      mustHear: [...must].sort(),
      hear: [...hears].sort(),
    }))
    .sort((a, b) => (a.failure < b.failure ? -1 : 1));
}

function blockedOf(
  { blocked }: Counted,
  nodes: ReadonlyMap<string, NodeCount>,
): Coordination['blocked'] {
  return blocked
    .flatMap(({ node: id, flows, totalMs, depth }) => {
      const node = nodes.get(id);
      if (node === undefined) return [];
      const { service, step } = node;
      const ms = totalMs / Math.max(1, flows);
      return [
        {
          ...{ service, step, ms },
          share: Math.min(1, share(totalMs, node.totalMs)),
          chainDepth: depth + 1,
        },
      ];
    })
    .sort((a, b) => b.ms - a.ms);
}

/** Returns the steps after which some flows continue with one step and others with another. */
function decisionsOf(
  { edges }: Counted,
  nodes: ReadonlyMap<string, NodeCount>,
): Coordination['decisions'] {
  const next = new Map<string, Map<string, number>>();
  for (const { from, to, flows } of edges) {
    const target = nodes.get(to);
    if (target === undefined || !nodes.has(from) || from === to) continue;
    const ways = next.get(from) ?? new Map<string, number>();
    ways.set(target.step, Math.max(ways.get(target.step) ?? 0, flows));
    next.set(from, ways);
  }
  return [...next].flatMap(([id, ways]) => {
    const node = nodes.get(id)!;
    const isChoice = ways.size > 1 && [...ways.values()].some((flows) => flows < node.flows);
    if (!isChoice) return [];
    return [
      {
        service: node.service,
        step: node.step,
        next: [...ways]
          .map(([step, flows]) => ({ step, flowsShare: share(flows, node.flows) }))
          .sort((a, b) => b.flowsShare - a.flowsShare || (a.step < b.step ? -1 : 1)),
      },
    ];
  });
}
