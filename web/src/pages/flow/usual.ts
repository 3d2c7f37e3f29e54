import type { Flow, MapAnswer, MapNode, Step, WaitingFor } from '@fermata/server/contract';
import type { UsualOf } from '../../timeline/layout.ts';

/** Minimum number of executions of a step from which a usual duration is derived. */
const MIN_RUNS = 5;
/** Minimum share of flows in which a step follows another to count as usual. */
const USUAL_SHARE = 0.5;
const MAX_REST = 12;

const nameOf = ({ service, step }: { service: string; step: string }): string =>
  `${service}\0${step}`;
const nodeNames = (map: MapAnswer): Map<string, MapNode> =>
  new Map(map.nodes.map((node) => [nameOf(node), node]));

/** Returns a function that gives the usual duration of a step, from the map of its flow type. */
export function usualOfMap(map: MapAnswer): UsualOf {
  const nodes = nodeNames(map);
  return ({ service, name }: Step) => {
    const work = nodes.get(nameOf({ service, step: name }))?.workMs;
    return work && work.count >= MIN_RUNS ? { p50: work.p50, p95: work.p95 } : null;
  };
}

/**
 * Returns the steps that usually follow an awaited step and have not happened yet, the nearest
 * first.
 */
export function restOfPath(map: MapAnswer, flow: Flow, waiting: WaitingFor): MapNode[] {
  const named = nodeNames(map);
  const start = [...named.values()].find(
    ({ step, service }) => step === waiting.step && (waiting.service ?? service) === service,
  );
  if (start === undefined) return [];
  const nodes = new Map(map.nodes.map((node) => [node.id, node]));
  const seen = new Set([start.id]);
  for (const { service, name } of flow.steps) {
    const node = named.get(nameOf({ service, step: name }));
    if (node) seen.add(node.id);
  }
  const rest: MapNode[] = [];
  const queue = [start];
  for (let node = queue.shift(); node && rest.length < MAX_REST; node = queue.shift()) {
    const { id, flows } = node;
    const next = map.edges
      .filter((edge) => edge.from === id && edge.flows >= flows * USUAL_SHARE)
      .sort((a, b) => b.flows - a.flows);
    for (const { to } of next) {
      const follower = nodes.get(to);
      if (follower === undefined || seen.has(to)) continue;
      seen.add(to);
      rest.push(follower);
      queue.push(follower);
    }
  }
  return rest;
}
