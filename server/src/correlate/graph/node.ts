import type { FlowKey, Token } from '../../model/keys.ts';
import type { KnownCause } from '../../model/flow.ts';
import type { Span } from '../../model/span.ts';

/**
 * A span in memory, with its neighbours. Facts only: what follows from them is decided elsewhere.
 */
export interface Node {
  span: Span;
  parent: Node | null;
  children: readonly Node[];
  /** Nodes that carry a link to this span. */
  linkers: readonly Node[];
  /** Set while a tree holds it; null when that tree must be built anew. */
  tree: Tree | null;
  /** Flow that the node is a member of; '' for shared, unattributed and not yet assigned. */
  flowKey: FlowKey | '';
  /** Belongs to several flows (or to none that can be told): context, never a bridge. */
  shared: boolean;
  /** The parent edge closed a cycle and was dropped. */
  cycle: boolean;
  /**
   * A shared batch consumer whose surroundings are not all in memory: what caused it, as known when
   * they left.
   */
  placeholder: readonly KnownCause[] | null;
  /**
   * Belongs to no flow, and the store was told so: under which names to find it, and what caused
   * it.
   */
  persistedAsUnattributed: string | null;
}

/** Segments connected by single causes; built and resolved in trees.ts. */
export interface Tree {
  top: Node;
  nodes: Node[];
  valid: boolean;
  /** Flow key before soft evidence; '' where the tree serves several flows. */
  base: FlowKey | '';
  /** Conversation and identity-key tokens. */
  soft: readonly Token[];
  /** Its flow depends on flows of other trees. */
  dependent: boolean;
}

/** Nodes that share a token. */
export type Sharing = readonly Node[] | ReadonlySet<Node>;
export const countOf = (sharing: Sharing): number =>
  sharing instanceof Set ? sharing.size : (sharing as readonly Node[]).length;
