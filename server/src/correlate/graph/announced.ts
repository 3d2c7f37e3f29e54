import type { SpanKey } from '../../model/span.ts';
import { isAnnouncement } from '../../model/roles.ts';
import type { Node, Sharing } from './node.ts';

/**
 * Keeps log events that announce a delivery or a request whose span has not arrived, by the key of
 * that span. Until it arrives, the event stands in for it as the parent of the spans below.
 * Otherwise the work of a handler that hangs would be in no flow, or in one of its own.
 */
export interface Announced {
  /**
   * Attaches a node whose parent is absent to the event that stands in for the parent, if there is
   * one.
   */
  join(node: Node): void;
  /**
   * Detaches the nodes from the event that stood in for the span with this key, because that span
   * has arrived.
   */
  giveWay(key: SpanKey): void;
  remove(node: Node): void;
}

interface Edges {
  /** Returns the nodes that refer to an absent span. */
  waitingFor: (key: SpanKey) => Sharing;
  attach: (node: Node, parent: Node) => void;
  detach: (node: Node) => void;
}

export function createAnnounced({ waitingFor, attach, detach }: Edges): Announced {
  const events = new Map<SpanKey, Node>();
  /**
   * If several events announce one delivery, the one with the smallest key stands in for it, so
   * that the order of arrival does not matter (invariant I1).
   */
  const announce = (node: Node): void => {
    const key = node.span.parent;
    const known = events.get(key);
    if (known !== undefined && known.span.key < node.span.key) return;
    events.set(key, node);
    for (const other of waitingFor(key)) {
      if (other.span.parent !== key || isAnnouncement(other.span)) continue;
      detach(other);
      attach(other, node);
    }
  };
  return {
    join(node) {
      if (isAnnouncement(node.span)) announce(node);
      else {
        const event = events.get(node.span.parent);
        if (event !== undefined) attach(node, event);
      }
    },
    giveWay(key) {
      const event = events.get(key);
      if (event === undefined) return;
      events.delete(key);
      for (const child of [...event.children]) if (child.span.parent === key) detach(child);
    },
    remove(node) {
      const { parent } = node.span;
      if (events.get(parent) === node) events.delete(parent);
    },
  };
}
