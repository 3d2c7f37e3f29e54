import { parametersOf, type Client, type FilterInput } from '../../ask/index.ts';
import type {
  FailuresAnswer,
  FlowList,
  LatencyAnswer,
  List,
  FlowTypeSummary,
  MapAnswer,
} from '../../contract/index.ts';
import { messageName } from '../../words/index.ts';

/** What flows did, by flow type. It is saved as a file, with which later runs are compared. */
export interface Profile {
  fermataProfile: 1;
  takenAt: string;
  types: TypeProfile[];
}

export interface TypeProfile {
  type: string;
  flows: number;
  /** Number of flows that are late or stuck. */
  held: number;
  steps: Share[];
  /** Which step leads to which other step by which message, each with its share of the flows. */
  joins: Share[];
  failures: Share[];
  /** Parts of the critical path, each with its share of the mean time of flows. */
  chain: Share[];
  durationMs: { p50: number; p95: number; count: number };
}
/** A name with the share of flows that have it, or the share of their time; 0 to 1. */
export interface Share {
  name: string;
  share: number;
}

const MAX_TYPES = 200;

/** Asks the server what the flows of a filter did. */
export async function takeProfile(
  client: Client,
  filter: FilterInput,
  nowMs: number,
): Promise<Profile> {
  const asked = parametersOf(filter, nowMs);
  const wanted = (filter.type ?? '').split(',').filter((type) => type !== '');
  const all = await client.get<List<FlowTypeSummary>>('/api/v1/flow-types');
  const names = [...new Set(all.items.map(({ type }) => type))]
    .filter((type) => wanted.length === 0 || wanted.includes(type))
    .slice(0, MAX_TYPES);
  const types: TypeProfile[] = [];
  // The types are read one after another, because each of these requests reads all flows of a type.
  for (const type of names) {
    const parameters = { ...asked, type };
    const map = await client.get<MapAnswer>('/api/v1/lenses/map', parameters);
    if (map.population.used === 0) continue;
    const held = await client.get<FlowList>('/api/v1/flows', {
      ...parameters,
      ...{ status: 'late,stuck', limit: 1 },
    });
    const failures = await client.get<FailuresAnswer>('/api/v1/lenses/failures', parameters);
    const latency = await client.get<LatencyAnswer>('/api/v1/lenses/latency', parameters);
    types.push(profileOf(type, { map, failures, latency, held: held.total }));
  }
  return { fermataProfile: 1, takenAt: new Date(nowMs).toISOString(), types };
}

interface Read {
  map: MapAnswer;
  failures: FailuresAnswer;
  latency: LatencyAnswer;
  held: number;
}

function profileOf(type: string, { map, failures, latency, held }: Read): TypeProfile {
  const flows = map.population.used;
  const steps = new Map(map.nodes.map(({ id, service, step }) => [id, `${service}: ${step}`]));
  const mean = latency.chain.reduce((sum, { meanMs }) => sum + meanMs, 0);
  const { p50, p95, count } = latency.durationMs;
  return {
    ...{ type, flows, held, durationMs: { p50, p95, count } },
    steps: shares(
      map.nodes,
      ({ id }) => steps.get(id)!,
      (node) => node.flows / flows,
    ),
    joins: shares(
      map.edges,
      (edge) => `${steps.get(edge.from)} → ${steps.get(edge.to)} by ${messageName(edge) || 'call'}`,
      (edge) => edge.flows / flows,
    ),
    failures: shares(
      failures.items,
      ({ service, step, error }) => `${service}: ${step} ${error.type} ${error.message}`.trim(),
      (group) => group.flows / flows,
    ),
    chain: shares(
      latency.chain,
      ({ kind, service, step, message }) => `${kind} ${service}: ${step} ${message}`.trim(),
      ({ meanMs }) => (mean === 0 ? 0 : meanMs / mean),
    ),
  };
}

/**
 * Returns the shares of items, sorted by name, because people compare the file. Shares of items
 * with the same name are added up.
 */
function shares<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  shareOf: (item: Item) => number,
): Share[] {
  const sums = new Map<string, number>();
  for (const item of items) sums.set(nameOf(item), (sums.get(nameOf(item)) ?? 0) + shareOf(item));
  return [...sums]
    .map(([name, share]) => ({ name, share: Math.round(share * 10_000) / 10_000 }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
