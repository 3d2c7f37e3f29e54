import type { FlowKey, Token } from '../../model/keys.ts';
import type { KnownCause } from '../../model/flow.ts';
import type { Span } from '../../model/span.ts';

/**
 * A node is a span in memory with its neighbours. It holds facts; other files decide what follows.
 */
export interface Node {
  span: Span;
  parent: Node | null;
  children: readonly Node[];
  /** Nodes that carry a link to this span. */
  linkers: readonly Node[];
  /** The valid tree that contains the node; null when the tree must be rebuilt. */
  tree: Tree | null;
  /** Flow of which the node is a member; '' if it is shared, unattributed or not assigned yet. */
  flowKey: FlowKey | '';
  /**
   * The span belongs to several flows, or to none that can be determined: it is context and joins
   * nothing.
   */
  shared: boolean;
  /** The parent edge closed a cycle and was dropped. */
  cycle: boolean;
  /**
   * Set on a placeholder, a shared batch consumer whose surroundings are not all in memory: its
   * causes as recorded when they were evicted.
   */
  placeholder: readonly KnownCause[] | null;
  /**
   * JSON of the causes that were last written for a span in no flow; null if no such row is
   * durable.
   */
  persistedAsUnattributed: string | null;
}

/**
 * A tree is a run of segments connected by single causes; `membership/trees.ts` builds and resolves
 * it.
 */
export interface Tree {
  top: Node;
  nodes: Node[];
  valid: boolean;
  /** Flow key before soft keys are considered; '' if the tree serves several flows. */
  base: FlowKey | '';
  /** Conversation and identity-key tokens. */
  soft: readonly Token[];
  /** The tree's flow depends on flows of other trees. */
  dependent: boolean;
}

/** Nodes that share a token. */
export type Sharing = readonly Node[] | ReadonlySet<Node>;
export const countOf = (sharing: Sharing): number =>
  sharing instanceof Set ? sharing.size : (sharing as readonly Node[]).length;
