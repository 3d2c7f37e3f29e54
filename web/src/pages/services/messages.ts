import type {
  CoordinationAnswer,
  MapAnswer,
  MapEdge,
  MapNode,
  Quantiles,
} from '@fermata/server/contract';

/** What is known of services together: the graph of their steps, and how they work together. */
export interface Together {
  map: MapAnswer;
  coordination: CoordinationAnswer;
}

/** A type of message: who sends it, and who listens. */
export interface MessageRow {
  id: string;
  type: string;
  kind: string;
  destinations: string[];
  senders: string[];
  listeners: Listener[];
  flows: number;
  /** Messages that nobody has taken yet, and flows that are stuck because of it. */
  waiting: number;
  stuck: number;
  deadLettered: number;
  q: string;
  /** Finds the flows with messages that nobody has taken. */
  waitingQ: string;
}
export interface Listener {
  service: string;
  /** Share of the flows with this message in which the service takes it. */
  share: number;
  /** First taken at, ISO 8601; null if that is not known. */
  since: string | null;
  lagMs: Quantiles;
  /** Lag of the newest message; null if that is not known. */
  nowMs: number | null;
  q: string;
}

type Ends = MapEdge & { sender: string; receiver: string | null };

/** Returns edges between services with the names of both; the receiver is null if there is none. */
export function endsOf({ nodes, edges }: MapAnswer): Ends[] {
  const services = new Map(nodes.map(({ id, service }: MapNode) => [id, service]));
  return edges.flatMap((edge) => {
    const sender = services.get(edge.from);
    return sender === undefined
      ? []
      : [{ ...edge, sender, receiver: services.get(edge.to) ?? null }];
  });
}

/** Returns the types of messages, those of the most flows first. */
export function messagesOf({ map, coordination }: Together): MessageRow[] {
  const rows = new Map<string, Ends[]>();
  for (const edge of endsOf(map)) {
    if (edge.message === null || edge.sync) continue;
    const id = `${edge.message.kind} ${edge.message.type || edge.message.destination}`;
    rows.set(id, [...(rows.get(id) ?? []), edge]);
  }
  return [...rows]
    .map(([id, edges]) => rowOf(id, edges, coordination))
    .sort((a, b) => b.flows - a.flows || (a.id < b.id ? -1 : 1));
}

function rowOf(id: string, edges: readonly Ends[], coordination: CoordinationAnswer): MessageRow {
  const { type, destination, kind } = edges[0]!.message!;
  const flows = flowsWith(edges);
  const taken = groupBy(
    edges.filter(({ receiver }) => receiver !== null),
    ({ receiver }) => receiver!,
  );
  return {
    ...{ id, type: type || destination, kind, flows },
    destinations: unique(edges.map(({ message }) => message!.destination)),
    senders: unique(edges.map(({ sender }) => sender)),
    waiting: sum(edges, 'waiting'),
    stuck: sum(edges, 'stuck'),
    deadLettered: sum(edges, 'deadLettered'),
    q: queryOf(edges),
    waitingQ: queryOf(edges.filter(({ receiver }) => receiver === null)),
    listeners: [...taken]
      .map(([service, mine]) => listenerOf(service, mine, flows, type, coordination))
      .sort((a, b) => b.share - a.share || (a.service < b.service ? -1 : 1)),
  };
}

/**
 * Returns how many flows have a message. A flow has several edges of one destination, one for each
 * listener, and counts once; other destinations are other flows, as far as one can tell.
 */
const flowsWith = (edges: readonly Ends[]): number =>
  [...groupBy(edges, ({ message }) => message!.destination).values()].reduce(
    (all, same) => all + Math.max(...same.map(({ flows }) => flows)),
    0,
  );

function listenerOf(
  service: string,
  edges: readonly Ends[],
  flows: number,
  type: string,
  { types }: CoordinationAnswer,
): Listener {
  const told = types
    .flatMap(({ listeners }) => listeners)
    .filter((one) => one.message === type && one.service === service)
    .sort((a, b) => b.lagMs.count - a.lagMs.count);
  const sinces = told.map(({ since }) => since).sort();
  return {
    service,
    share: flows === 0 ? 0 : Math.min(1, flowsWith(edges) / flows),
    since: sinces[0] ?? null,
    lagMs: told[0]?.lagMs ?? mostFrequent(edges).waitMs,
    nowMs: told[0]?.nowMs ?? null,
    q: queryOf(edges),
  };
}

/** Something that leads from a service to another one, or to nobody. */
export interface Neighbour {
  id: string;
  /** The other service; null if nobody takes the message, or has not yet (`isHeard`). */
  service: string | null;
  /** Somebody takes messages of this type. */
  isHeard: boolean;
  /** Type of the message; '' for a call. */
  message: string;
  flows: number;
  waitMs: Quantiles;
  stuck: number;
  late: number;
  q: string;
}

/** Returns what leads to a service, and from it, the most frequent first. */
export function neighboursOf(
  map: MapAnswer,
  service: string,
): Record<'into' | 'from', Neighbour[]> {
  const edges = endsOf(map).filter(({ sender, receiver, message, sync }) =>
    receiver === null ? message !== null && !sync : sender !== receiver,
  );
  return {
    into: grouped(
      edges.filter(({ receiver }) => receiver === service),
      ({ sender }) => sender,
    ),
    from: grouped(
      edges.filter(({ sender }) => sender === service),
      ({ receiver }) => receiver,
    ),
  };
}

function grouped(edges: readonly Ends[], other: (edge: Ends) => string | null): Neighbour[] {
  const groups = groupBy(edges, (edge) => JSON.stringify([other(edge), nameOf(edge)]));
  const heard = new Set(edges.flatMap((edge) => (other(edge) === null ? [] : [nameOf(edge)])));
  return [...groups]
    .map(([id, same]) => ({
      id,
      service: other(same[0]!),
      message: nameOf(same[0]!),
      isHeard: heard.has(nameOf(same[0]!)),
      flows: Math.max(...same.map(({ flows }) => flows)),
      waitMs: mostFrequent(same).waitMs,
      stuck: sum(same, 'stuck'),
      late: sum(same, 'late'),
      q: queryOf(same),
    }))
    .sort((a, b) => b.flows - a.flows || (a.id < b.id ? -1 : 1));
}
const nameOf = ({ message, sync }: Ends): string =>
  sync || message === null ? '' : message.type || message.destination;

const mostFrequent = (edges: readonly Ends[]): Ends =>
  edges.reduce((most, edge) => (edge.count > most.count ? edge : most));
const sum = (edges: readonly Ends[], name: 'waiting' | 'stuck' | 'late' | 'deadLettered'): number =>
  edges.reduce((all, edge) => all + edge[name], 0);
const unique = (names: readonly string[]): string[] => [...new Set(names)].sort();
const queryOf = (edges: readonly Ends[]): string =>
  edges.length === 1 ? edges[0]!.q : `(${edges.map(({ q }) => q).join(' or ')})`;

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}
