import { pushAll } from '../../base/lists.ts';
import { hasStrongId, isReceiving } from '../../model/roles.ts';
import { headOf, rememberedCauses, singleCause, type CausesOf } from '../graph/causes.ts';
import type { Graph, Node } from '../graph/index.ts';
import { buildTree, dependenciesOf, isTop } from './trees.ts';

/** Memoized answers about the graph. They are valid only until the graph changes. */
export interface GraphAnswers {
  causesOf: CausesOf;
  /** Returns the top of the node's tree. A ring of causes is cut at the smallest key in it. */
  topOf(node: Node): Node;
  /** Returns whether the tree with this top depends on itself by way of other trees. */
  dependsOnItself(top: Node): boolean;
}

/**
 * Maximum number of trees that are visited in the search for a ring of dependencies, so that no
 * input can hang the server.
 */
const MAX_DEPENDENCY_DEPTH = 1000;

export function rememberedAnswers(graph: Graph, lacksType: (node: Node) => boolean): GraphAnswers {
  const causesOf = rememberedCauses(graph);
  const topOf = rememberedTops(causesOf);
  const dependencies = new Map<Node, readonly Node[]>();
  /** Returns the tops of the trees on which the tree with this top depends. */
  const dependenciesOfTop = (top: Node): readonly Node[] => {
    let known = dependencies.get(top);
    if (known === undefined) {
      const depends = hasStrongId(top.span)
        ? lacksType(top)
        : isReceiving(top.span) || causesOf(top).length > 1;
      const on = depends ? dependenciesOf(buildTree(top, graph, causesOf)).map(topOf) : [];
      // Of a node that occurs several times, only the last occurrence is kept.
      dependencies.set(top, (known = [...new Set(on.reverse())].reverse()));
    }
    return known;
  };
  const inRings = new Map<Node, boolean>();
  const reachesItself = (top: Node): boolean => {
    const seen = new Set<Node>();
    const work = [...dependenciesOfTop(top)];
    while (work.length > 0 && seen.size < MAX_DEPENDENCY_DEPTH) {
      const node = work.pop()!;
      if (node === top) return true;
      if (seen.has(node)) continue;
      seen.add(node);
      pushAll(work, dependenciesOfTop(node));
    }
    return false;
  };
  const dependsOnItself = (top: Node): boolean => {
    let known = inRings.get(top);
    if (known === undefined) inRings.set(top, (known = reachesItself(top)));
    return known;
  };
  return { causesOf, topOf, dependsOnItself };
}

/**
 * Returns a function that returns the top of a node's tree. A ring of causes is cut at the smallest
 * key in it. Answers are memoized for every 16th head on the way up, since without that each
 * delivery within a long chain of deliveries climbs the whole chain (`many.test.ts`). The function
 * is valid only while the graph does not change.
 */
export function rememberedTops(causesOf: CausesOf): (node: Node) => Node {
  const known = new Map<Node, Node>();
  const climb = (path: Map<Node, number>, from: Node): Node => {
    let head = from;
    for (;;) {
      const top = known.size > 0 ? known.get(head) : undefined;
      if (top !== undefined) return top;
      if (path.has(head)) return smallestOfRing(path, head);
      path.set(head, path.size);
      const causes = causesOf(head);
      if (isTop(head, causes)) return head;
      head = headOf(singleCause(causes)!);
    }
  };
  return (node) => {
    const path = new Map<Node, number>();
    const top = climb(path, headOf(node));
    // Every head on the way has the same top, also if the way leads into a ring.
    for (const [head, at] of path)
      if (at % REMEMBERED_STEPS === REMEMBERED_STEPS - 1) known.set(head, top);
    return top;
  };
}
const REMEMBERED_STEPS = 16;

/** Returns the head with the smallest key in the ring that the path enters at `entry`. */
function smallestOfRing(path: ReadonlyMap<Node, number>, entry: Node): Node {
  const from = path.get(entry)!;
  let smallest = entry;
  for (const [member, at] of path)
    if (at >= from && member.span.key < smallest.span.key) smallest = member;
  return smallest;
}
