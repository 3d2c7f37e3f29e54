import { END, hexOf, NODE_KINDS, START, traitId } from '../../analyze/index.ts';
import type { MapAnswer, MapEdge, MapNode } from '../../contract/index.ts';
import type { LensReader, Measured, Population, TraitCount } from '../../store/index.ts';
import { present, presentQuantiles, queryOf } from './population.ts';
import { bodyOf, examplesOf, learnNames, ofKind } from './trait-names.ts';

/** Maximum number of nodes of a map; nobody can read a larger one. */
const MAX_NODES = 300;
const MAX_EDGES = 1000;
/**
 * Maximum number of nodes, and of edges, that are read from the store, so that those left out can
 * be counted.
 */
const MOST = 10_000;

export interface MapOptions {
  follows?: 'start' | 'end' | undefined;
  maxEdges?: number;
}

/**
 * Lens: the causal graph of steps and messages. It tells which step leads to which, how often, how
 * long that takes, and where flows are held up.
 */
export async function mapLens(
  store: LensReader,
  population: Population,
  q: string,
  { follows, maxEdges = MAX_EDGES }: MapOptions,
): Promise<MapAnswer> {
  const traits = await store.countTraits(population, {
    families: ['node', 'edge', 'other'],
    kinds: ['node', 'edge', 'late', 'stuck'],
    most: MOST,
    measures: ['due', 'ms', 'number'],
  });
  const nodes = ofKind(traits, 'node');
  const edges = ofKind(traits, 'edge');
  const awaited = ofKind(traits, 'late', 'stuck');
  const kept = nodes.slice(0, MAX_NODES);
  const shownEdges = edges.slice(0, maxEdges);
  await learnNames(store, population, [...kept, ...shownEdges, ...awaited]);
  const held = heldAt(awaited);
  const flowsOf = await examplesOf(store, population, [
    ...kept,
    ...shownEdges,
    ...held.missing(kept),
  ]);
  const counted = kept.flatMap((node) => presentNode(node, held.atNode(node.id), flowsOf(node), q));
  const shownNodes = [
    ...counted,
    ...held.missing(kept).map((one) => missingNode(one, flowsOf(one), q)),
  ];
  const known = new Set([START, END, ...shownNodes.map(({ id }) => id)]);
  const presented = shownEdges.flatMap((edge) =>
    presentEdge(edge, held.atEdge(edge.id), flowsOf(edge), q, known),
  );
  return {
    ...present(population),
    nodes: shownNodes,
    edges: presented,
    folded: { nodes: nodes.length - counted.length, edges: edges.length - presented.length },
    ...(follows !== undefined && {
      directlyFollows: {
        by: follows,
        items: await store.directlyFollows(population, follows, MOST),
      },
    }),
  };
}

interface Held {
  late: number;
  stuck: number;
}
const NOTHING: Held = { late: 0, stuck: 0 };

interface Missing extends Held {
  id: bigint;
  step: string;
  service: string;
  examples: string[];
}

/**
 * Counts the flows that are late or stuck now, by the node that they wait for, and by the edge
 * whose message waits.
 */
function heldAt(awaited: readonly TraitCount[]) {
  const nodes = new Map<bigint, Missing>();
  const edges = new Map<string, Held>();
  for (const trait of awaited) {
    const stuck = bodyOf('stuck', trait.id);
    const body = stuck ?? bodyOf('late', trait.id);
    if (body === null || trait.due === 0) continue;
    const { step, service, edge } = body;
    const id = traitId('node', { service, step });
    const node = nodes.get(id) ?? { ...NOTHING, id, step, service, examples: [] };
    nodes.set(id, add(node, trait.due, stuck !== null, trait.examples));
    if (edge !== '')
      edges.set(edge, add(edges.get(edge) ?? { ...NOTHING }, trait.due, stuck !== null));
  }
  // A stuck flow is late, too, but is counted once, as stuck.
  const exclusive = <H extends Held>(held: H): H => ({
    ...held,
    late: Math.max(0, held.late - held.stuck),
  });
  return {
    atNode: (id: bigint): Held => exclusive(nodes.get(id) ?? NOTHING),
    atEdge: (id: bigint): Held => exclusive(edges.get(hexOf(id)) ?? NOTHING),
    missing: (kept: readonly TraitCount[]): Missing[] =>
      [...nodes.values()].filter(({ id }) => !kept.some((node) => node.id === id)).map(exclusive),
  };
}
const add = <H extends Held>(held: H, due: number, isStuck: boolean, examples?: string[]): H => ({
  ...held,
  late: held.late + (isStuck ? 0 : due),
  stuck: held.stuck + (isStuck ? due : 0),
  ...(examples && { examples }),
});

function presentNode(
  { id, count, flows, failed, retried, compensated, running, ms, number }: TraitCount,
  { late, stuck }: Held,
  exampleFlowIds: string[],
  q: string,
): MapNode[] {
  const body = bodyOf('node', id);
  if (body === null) return [];
  return [
    {
      id: hexOf(id),
      step: body.step,
      service: body.service,
      kind: NODE_KINDS[number] ?? NODE_KINDS[0],
      ...{ count, flows, failed, retried, compensated, running, late, stuck },
      workMs: presentQuantiles(ms),
      exampleFlowIds,
      q: queryOf(q, `trait:${hexOf(id)}`),
    },
  ];
}

const NEVER: Measured = { p50: 0, p90: 0, p95: 0, p99: 0, max: 0, count: 0 };

/** Returns a node for a step that flows wait for, but that none of the flows has reached. */
const missingNode = (
  { id, step, service, late, stuck }: Missing,
  exampleFlowIds: string[],
  q: string,
): MapNode => ({
  id: hexOf(id),
  ...{ step, service, kind: NODE_KINDS[0], late, stuck },
  ...{ count: 0, flows: 0, failed: 0, retried: 0, compensated: 0, running: 0 },
  workMs: NEVER,
  exampleFlowIds,
  q: queryOf(q, `trait:${hexOf(id)}`),
});

function presentEdge(
  { id, count, flows, failed, running, deadLettered, ms }: TraitCount,
  { late, stuck }: Held,
  exampleFlowIds: string[],
  q: string,
  known: ReadonlySet<string>,
): MapEdge[] {
  const body = bodyOf('edge', id);
  if (body === null || !known.has(body.from) || !known.has(body.to)) return [];
  return [
    {
      id: hexOf(id),
      ...body,
      ...{ count, flows, failed, waiting: running, deadLettered, late, stuck },
      waitMs: presentQuantiles(ms),
      exampleFlowIds,
      q: queryOf(q, `trait:${hexOf(id)}`),
    },
  ];
}
