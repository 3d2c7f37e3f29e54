import { countOf, forEachNeighbour, type Node, type Sharing } from '../graph/index.ts';
import { POLLED } from '../../model/names.ts';
import { bindsTakers } from '../graph/causes.ts';
import { asksOrphans, asksTakers } from '../graph/absent.ts';
import { isBatchConsumer } from '../../model/roles.ts';
import { isMessageToken, sharedTokens } from '../../model/keys.ts';
import type { Assembler } from '../membership/index.ts';

/**
 * The dependency closure of a span holds all spans whose flows are decided together. A new span
 * beside one of them may change the flow of any other, so all of them are evicted and rehydrated
 * together. The closure ends at shared batch consumers, because they are shared whatever spans lie
 * beyond them. Otherwise every poll would tie all flows into one closure.
 */
export interface Closure {
  nodes: Set<Node>;
  /** Shared batch consumers at which the closure ends. */
  border: Set<Node>;
  /** False if the closure exceeds the limit; `nodes` then holds only part of it. */
  isComplete: boolean;
}

export function closureOf(
  start: Iterable<Node>,
  { graph, flow }: Pick<Assembler, 'graph' | 'flow'>,
  most: number,
): Closure {
  const nodes = new Set<Node>();
  const border = new Set<Node>();
  const work: Node[] = [];
  const keys = new Set<string>();
  const meet = (node: Node): void => {
    if (nodes.has(node)) return;
    if (node.flowKey === '' && isBatchConsumer(node.span)) {
      border.add(node);
      return;
    }
    nodes.add(node);
    work.push(node);
    if (node.flowKey === '' || keys.has(node.flowKey)) return;
    keys.add(node.flowKey);
    for (const member of flow(node.flowKey)!.nodes) meet(member);
  };
  const met = new Set<string>();
  /**
   * Visits all nodes that share a name, once for each name. Otherwise each of thousands of nodes
   * that share a name would visit all others.
   */
  const meetAll = (name: string, sharing: Sharing, ties: () => boolean = () => true): void => {
    if (countOf(sharing) === 1 || met.has(name)) return;
    met.add(name);
    if (ties()) for (const other of sharing) meet(other);
  };
  for (const node of start) meet(node);
  while (work.length > 0) {
    if (nodes.size > most) return { nodes, border, isComplete: false };
    const node = work.pop()!;
    forEachNeighbour(node, graph, meet);
    for (const token of sharedTokens(node.span))
      meetAll(
        token,
        graph.sharing(token),
        () => !isMessageToken(token) || bindsTakers(token, graph),
      );
    // Spans that have the same absent parent get the same flow key.
    const { parent } = node.span;
    if (node.parent === null && asksOrphans(node.span) && graph.identifies(POLLED + parent))
      meetAll(parent, graph.waitingFor(parent));
    for (const link of node.span.links)
      if (asksTakers(node.span, link) && graph.placeOf(link).takers)
        meetAll(link, graph.waitingFor(link));
  }
  return { nodes, border, isComplete: true };
}
