import {
  adviceFor,
  coordinationOf,
  holdingEdges,
  hexOf,
  type Counted,
  type TraitKind,
} from '../../analyze/index.ts';
import type { CoordinationAnswer, CoordinationReport } from '../../contract/index.ts';
import type { LensReader, Population, TraitCount } from '../../store/index.ts';
import { coordinationMarkdown } from './coordination-markdown.ts';
import { iso } from '../present.ts';
import { micros, present, presentQuantiles, queryOf, quoted } from './population.ts';
import { bodyOf, examplesOf, learnNames, ofKind } from './trait-names.ts';

const MOST = 20_000;
/** Maximum number of flow types with a report, the most frequent first. */
const MAX_TYPES = 50;
const OTHERS = ['blocked', 'audience', 'service', 'style'] as const satisfies readonly TraitKind[];
const KINDS: readonly TraitKind[] = ['node', 'edge', ...OTHERS];

/**
 * Lens: how services work together, by flow type: which service conducts, listens, waits, and has
 * to know others.
 */
export async function coordinationLens(
  store: LensReader,
  population: Population,
  q: string,
): Promise<CoordinationAnswer> {
  const traits = await store.countTraits(population, {
    ...{ families: ['node', 'edge', 'other', 'mark'], kinds: KINDS, most: MOST, byType: true },
    measures: ['ms', 'totalMs', 'newestMs', 'number', 'times'],
  });
  await learnNames(store, population, traits);
  const nodes = ofKind(traits, 'node');
  const edges = ofKind(traits, 'edge');
  const others = ofKind(traits, ...OTHERS);
  const flowsOf = await examplesOf(store, population, [...nodes, ...edges]);
  const types = [...flowsByType(ofKind(traits, 'style'))]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, MAX_TYPES);
  const reported = new Set(types.map(([value]) => value));
  const heldIn = await heldFlows(
    store,
    population,
    edges.filter(({ type }) => reported.has(type)),
  );
  const reports = types.map(([value, flows]) => {
    const isOf = ({ type }: TraitCount): boolean => type === value;
    return reportOf(
      countedOf(
        value,
        flows,
        nodes.filter(isOf),
        edges.filter(isOf),
        others.filter(isOf),
        flowsOf,
        heldIn,
      ),
      q,
    );
  });
  return { ...present(population), types: reports, markdown: coordinationMarkdown(reports) };
}

/**
 * Returns the number of flows by type. Each flow has exactly one style, so counting styles counts
 * flows.
 */
function flowsByType(styles: readonly TraitCount[]): Map<string, number> {
  const flows = new Map<string, number>();
  for (const one of styles) flows.set(one.type, (flows.get(one.type) ?? 0) + one.flows);
  return flows;
}

/** Returns in how many flows of a type others wait for a service. */
async function heldFlows(
  store: LensReader,
  population: Population,
  edges: readonly TraitCount[],
): Promise<(type: string, service: string) => number> {
  const { groups, groupOf } = holdingEdges(
    edges.flatMap((edge) => {
      const body = bodyOf('edge', edge.id);
      return body === null ? [] : [{ ...edge, ...body }];
    }),
    (node) => (/^[0-9a-f]{16}$/.test(node) ? serviceOf(node) : undefined),
  );
  const counts = await store.countHaving(population, groups);
  const ofType = new Map(counts.map(({ type, flows }) => [type, flows]));
  return (type, service) => ofType.get(type)?.[groupOf(type, service)] ?? 0;
}

const serviceOf = (node: string): string | undefined =>
  bodyOf('node', BigInt(`0x${node}`))?.service;

function countedOf(
  type: string,
  flows: number,
  nodes: readonly TraitCount[],
  edges: readonly TraitCount[],
  others: readonly TraitCount[],
  flowsOf: (trait: TraitCount) => string[],
  heldIn: (type: string, service: string) => number,
): Counted {
  const named = <K extends TraitKind>(kind: K, traits: readonly TraitCount[]) =>
    traits.flatMap((trait) => {
      const body = bodyOf(kind, trait.id);
      return body === null ? [] : [{ ...trait, body }];
    });
  return {
    ...{ type, flows },
    nodes: named('node', nodes).map((node) => ({
      ...node.body,
      id: hexOf(node.id),
      count: node.count,
      flows: node.flows,
      failed: node.failed,
      compensated: node.compensated,
      totalMs: node.totalMs,
      exampleFlowIds: flowsOf(node),
    })),
    edges: named('edge', edges).map((edge) => ({
      ...edge.body,
      id: hexOf(edge.id),
      count: edge.count,
      flows: edge.flows,
      lagMs: edge.ms,
      newestMs: edge.newestMs,
      firstAt: edge.firstAt,
      exampleFlowIds: flowsOf(edge),
    })),
    blocked: named('blocked', others).map(({ body, flows: having, totalMs, number }) => ({
      ...body,
      ...{ flows: having, totalMs, depth: number },
    })),
    audiences: named('audience', others).map(({ body }) => body),
    services: named('service', others).map(({ body, flows: having }) => ({
      ...body,
      flows: having,
      held: Math.min(having, heldIn(type, body.service)),
    })),
    styles: named('style', others).map(({ body, flows: having }) => ({ ...body, flows: having })),
  };
}

function reportOf(counted: Counted, q: string): CoordinationReport {
  const report = coordinationOf(counted);
  const ofType = queryOf(q, `type:${quoted(counted.type)}`);
  return {
    ...report,
    listeners: report.listeners.map(({ firstAt, lagMs, nowMs, exampleFlowIds: _ids, ...rest }) => ({
      ...rest,
      since: iso(firstAt),
      lagMs: presentQuantiles(lagMs),
      nowMs: micros(nowMs),
    })),
    blocked: report.blocked.map((one) => ({ ...one, ms: micros(one.ms) })),
    advice: adviceFor(report, counted).map(({ trait, ...advice }) => ({
      ...advice,
      q: trait === '' ? ofType : `${ofType} trait:${trait}`,
    })),
  };
}
