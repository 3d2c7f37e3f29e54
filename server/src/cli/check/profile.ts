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

/** What flows did, by type: what a later run is compared with. It is kept as a file. */
export interface Profile {
  fermataProfile: 1;
  takenAt: string;
  types: TypeProfile[];
}

export interface TypeProfile {
  type: string;
  flows: number;
  /** Flows that wait for something that should have come. */
  held: number;
  steps: Share[];
  /** Which step leads to which, by which message. */
  joins: Share[];
  failures: Share[];
  /** Parts of the critical path, by their share of the time of a mean flow. */
  chain: Share[];
  durationMs: { p50: number; p95: number; count: number };
}
/** Something that a share of the flows, or of their time, has; 0 to 1. */
export interface Share {
  name: string;
  share: number;
}

const MAX_TYPES = 200;

/** Reads from the server what the flows of a filter did. */
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
  // One after another, because each of these reads all flows.
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

/** Returns the shares of items, those of one name added up, sorted by name, as files are read. */
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
