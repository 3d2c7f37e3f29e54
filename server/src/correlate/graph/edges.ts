import { isConsumer, isSend } from '../../model/roles.ts';
import type { Node } from './node.ts';

/** This file maintains the edges between nodes, and lists of nodes. */

/**
 * Connects a node to its parent. Parent edges must not form a ring: a ring is cut at its smallest
 * key, which depends on the ring and not on the order of arrival (invariant I1). Returns the node
 * whose parent edge was cut, or null.
 */
export function attachParent(node: Node, parent: Node): Node | null {
  node.parent = parent;
  parent.children = withNode(parent.children, node);
  // A node without children cannot be its own ancestor. Skipping the climb for such nodes keeps the
  // leaves of a deep trace cheap.
  if (node.children.length === 0 && node !== parent) return null;
  let up: Node | null = parent;
  while (up !== null && up !== node) up = up.parent;
  if (up === null) return null;
  let smallest = node;
  for (up = parent; up !== node; up = up!.parent)
    if (up!.span.key < smallest.span.key) smallest = up!;
  detachParent(smallest);
  smallest.cycle = true;
  return smallest;
}

export function detachParent(node: Node): void {
  if (node.parent !== null) withoutNode(node.parent.children, node);
  node.parent = null;
}

/** Connects two nodes by a link that `from` carries. */
export function addLink(from: Node, to: Node): void {
  to.linkers = withNode(to.linkers, from);
  if (isSend(to.span.role) && !isConsumer(from.span.role) && from !== to)
    from.linkedSends = withNode(from.linkedSends, to);
}

/**
 * Returns the list with the node added. An empty list is not changed but replaced, because all
 * nodes without children or linkers share one empty list.
 */
export function withNode(list: readonly Node[], node: Node): readonly Node[] {
  // Array literals avoid spare capacity: an array that grows by itself, or is spread, reserves room
  // for sixteen more elements.
  if (list.length === 0) return [node];
  if (list.length === 1) return [list[0]!, node];
  (list as Node[]).push(node);
  return list;
}
export function withoutNode(list: readonly Node[], node: Node): void {
  const at = list.indexOf(node);
  if (at >= 0) (list as Node[]).splice(at, 1);
}
