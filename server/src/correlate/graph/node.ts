import type { FlowKey, Token } from '../../model/keys.ts';
import type { KnownCause } from '../../model/flow.ts';
import { isAnnouncement, isConsumer, isOneHandling } from '../../model/roles.ts';
import type { Span } from '../../model/span.ts';

/**
 * A node is a span in memory with its neighbours. It holds facts; other files decide what follows
 * from these facts.
 */
export interface Node {
  span: Span;
  parent: Node | null;
  children: readonly Node[];
  /** Nodes that carry a link to this span. */
  linkers: readonly Node[];
  /** The send spans to which this span carries a link; none for a consumer. */
  linkedSends: readonly Node[];
  /** The valid tree that contains the node; null when the tree must be rebuilt. */
  tree: Tree | null;
  /**
   * Key of the flow to which the node belongs; '' if the node is shared, unattributed or not
   * assigned yet.
   */
  flowKey: FlowKey | '';
  /**
   * True if the span belongs to several flows, or to none that can be determined. Such a span is
   * context of these flows and joins nothing.
   */
  shared: boolean;
  /** True if the parent edge closed a cycle and was dropped. */
  cycle: boolean;
  /**
   * Recorded causes of a placeholder, null on other nodes. A placeholder is a shared batch consumer
   * whose surroundings are not all in memory. Its causes were recorded when those surroundings were
   * evicted.
   */
  placeholder: readonly KnownCause[] | null;
  /**
   * Causes in the last written row of a span that is in no flow, as JSON; null if the store has no
   * such row.
   */
  persistedAsUnattributed: string | null;
}

/**
 * A tree is a series of segments that are connected by single causes. `membership/trees.ts` builds
 * trees and determines their flows.
 */
export interface Tree {
  top: Node;
  nodes: Node[];
  valid: boolean;
  /**
   * Key of the tree's flow before soft tokens (conversations and identity keys) join trees; '' if
   * the tree serves several flows.
   */
  base: FlowKey | '';
  /** Conversation and identity-key tokens that may join this tree to others. */
  soft: readonly Token[];
  /** True if the tree's flow depends on the flows of other trees. */
  dependent: boolean;
}

/**
 * Returns whether the node stands for a delivery of a message. A log event that announces a
 * delivery stands for it only until the delivery's own span, its parent, has been received, and a
 * processing span within another one of the same message never does. Otherwise one delivery would
 * count as two.
 */
export const isDelivery = ({ span, parent }: Node): boolean =>
  isConsumer(span.role) &&
  (parent === null || !(isAnnouncement(span) || isOneHandling(parent.span, span)));

/** Nodes that share a token, or that refer to the same span. */
export type Sharing = readonly Node[] | ReadonlySet<Node>;
export const countOf = (sharing: Sharing): number =>
  sharing instanceof Set ? sharing.size : (sharing as readonly Node[]).length;
