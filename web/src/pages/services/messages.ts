import type {
  CoordinationAnswer,
  MapAnswer,
  MapEdge,
  MapNode,
  Quantiles,
} from '@fermata/server/contract';

/** The map of steps and the coordination reports, which together describe the services. */
export interface Together {
  map: MapAnswer;
  coordination: CoordinationAnswer;
}

/** A type of message, with its senders and receivers. */
export interface MessageRow {
  id: string;
  type: string;
  kind: string;
  destinations: string[];
  senders: string[];
  listeners: Listener[];
  flows: number;
  /**
   * Number of messages that no service has received yet. `stuck` counts flows that are stuck
   * because of it.
   */
  waiting: number;
  stuck: number;
  deadLettered: number;
  q: string;
  /** Query for the flows with messages that no service has received. */
  waitingQ: string;
}
export interface Listener {
  service: string;
  /** Share of the flows with this message in which the service receives it, 0 to 1. */
  share: number;
  /** Time at which the service first received such a message, ISO 8601; null if not known. */
  since: string | null;
  lagMs: Quantiles;
  /** Wait of the newest message, ms; null if not known. */
  nowMs: number | null;
  q: string;
}

type Ends = MapEdge & { sender: string; receiver: string | null };

/**
 * Returns the edges that start at a service, with the names of both services. The receiver is null
 * if there is none.
 */
export function endsOf({ nodes, edges }: MapAnswer): Ends[] {
  const services = new Map(nodes.map(({ id, service }: MapNode) => [id, service]));
  return edges.flatMap((edge) => {
    const sender = services.get(edge.from);
    return sender === undefined
      ? []
      : [{ ...edge, sender, receiver: services.get(edge.to) ?? null }];
  });
}

/** Returns the types of messages, those with the most flows first. */
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
 * Returns the number of flows with a message. Edges with the same destination have the same flows,
 * one edge for each receiver, so they count once. Different destinations are taken to have
 * different flows.
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

/** A message or call between a service and another one. */
export interface Neighbour {
  id: string;
  /** Name of the other service; null if no service has received the message. */
  service: string | null;
  /**
   * True if some service receives messages of this type, so that an unreceived one may still be
   * received.
   */
  isHeard: boolean;
  /** Type of the message; empty for a call. */
  message: string;
  flows: number;
  waitMs: Quantiles;
  stuck: number;
  late: number;
  q: string;
}

/** Returns the messages and calls to a service and from it, those with the most flows first. */
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
