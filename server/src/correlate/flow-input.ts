import { inOrder } from '../base/lists.ts';
import type { EvidenceKind } from '../model/flow.ts';
import type { Span } from '../model/span.ts';
import { causesOf, headOf, rememberedHeads, type Cause } from './graph/causes.ts';
import type { Graph, Node } from './graph/index.ts';
import { isDelivery } from './graph/node.ts';
import { order, type FlowInput, type InputCause, type InputSegment } from '../model/flow-input.ts';
import { withoutHandedOn } from './graph/handed-on.ts';
import { withoutPollsWithin } from './graph/polled-within.ts';
import { withHandlers } from './graph/unnamed-handlers.ts';
import { isSend } from '../model/roles.ts';
import { idToken, messageTokens } from '../model/keys.ts';
import type { FlowState } from './membership/index.ts';

/**
 * Maximum number of spans of a flow's input. If a flow has more spans, its earliest spans and all
 * its failed spans are kept.
 */
export const MAX_SPANS = 50_000;

export function inputOf(state: FlowState, graph: Graph): FlowInput {
  const heads = new Map<Node, Node[]>();
  const { nodes, truncated } = bounded(state);
  const headFor = rememberedHeads();
  for (const node of nodes) {
    const head = headWithin(node, headFor(node), state.key);
    const list = heads.get(head);
    if (list === undefined) heads.set(head, [node]);
    else list.push(node);
  }
  const context = new Set<Node>();
  const consumedElsewhere: FlowInput['consumedElsewhere'] = [];
  const segments: InputSegment[] = [];
  const taken = new Map<Node, InputCause[]>();
  const takersOf = takersIn(graph);
  for (const [head, list] of heads) {
    const causes = causesOf(head, graph).map((cause): InputCause => {
      const { node } = cause;
      const kinds = weakenedKinds(head, cause.kinds);
      if (node === null) return { kinds, span: null, key: cause.key, where: 'unseen', flowKey: '' };
      if (node.shared) context.add(node);
      const where = node.flowKey === state.key ? 'flow' : node.shared ? 'shared' : 'elsewhere';
      return { kinds, span: node.span, key: cause.key, where, flowKey: node.flowKey };
    });
    const above = head.parent?.shared === true ? headOf(head.parent) : head.parent;
    if (above?.shared) context.add(above);
    segments.push({
      head: head.span,
      spans: inOrder(list.map(spanOf), headFirst(head.span)),
      causes,
      parent: above?.span.key ?? '',
      shared: false,
      orphan: head.parent === null && head.span.parent !== '' && !head.cycle,
      cycle: head.cycle,
    });
    for (const node of list) {
      if (!isSend(node.span.role)) continue;
      for (const [consumer, kinds] of takersOf(node)) {
        if (consumer.flowKey === state.key) continue;
        if (consumer.shared) {
          context.add(consumer);
          const took: InputCause = {
            kinds,
            span: node.span,
            key: node.span.key,
            where: 'flow',
            flowKey: state.key,
          };
          const known = taken.get(consumer);
          if (known === undefined) taken.set(consumer, [took]);
          else known.push(took);
        } else if (consumer.flowKey !== '')
          consumedElsewhere.push({
            send: node.span,
            flowKey: consumer.flowKey,
            consumer: consumer.span,
          });
      }
    }
  }
  const unattributed: FlowInput['unattributed'] = [];
  for (const node of context)
    for (const other of node.tree?.nodes ?? [])
      if (other.flowKey === '' && !other.shared)
        unattributed.push({ span: other.span, under: node.span });
  const divided = withoutPollsWithin(withHandlers(segments, state.key));
  return {
    key: state.key,
    segments: withoutHandedOn(divided.sort((a, b) => order(a.head, b.head))),
    shared: [...taken].map(asSegment).sort((a, b) => order(a.head, b.head)),
    context: [...context].map((node) => node.span).sort(order),
    unattributed: unattributed.sort((a, b) => order(a.span, b.span)),
    consumedElsewhere: consumedElsewhere.sort((a, b) => order(a.consumer, b.consumer)),
    spanCount: state.nodes.size,
    truncated,
  };
}

const spanOf = ({ span }: Node): Span => span;
const headFirst =
  (head: Span) =>
  (a: Span, b: Span): number =>
    a === head ? -1 : b === head ? 1 : order(a, b);

/**
 * Returns a function that gives the consumers of a sent message, each with its evidence. `causesOf`
 * is not called for edges that a span states itself (parent, link), because that would take
 * quadratic time for a batch of thousands of messages in thousands of flows.
 */
function takersIn(graph: Graph): (send: Node) => Map<Node, EvidenceKind[]> {
  /**
   * Causes of consumers that were looked up. They are kept because every message of a batch asks
   * for the causes of the same consumer.
   */
  const known = new Map<Node, Cause[]>();
  const causesOfTaker = (consumer: Node): Cause[] => {
    let causes = known.get(consumer);
    if (causes === undefined) known.set(consumer, (causes = causesOf(consumer, graph)));
    return causes;
  };
  return (send) => {
    const takers = new Map<Node, EvidenceKind[]>();
    const took = (consumer: Node, kind: EvidenceKind): void => {
      if (!isDelivery(consumer)) return;
      const kinds = takers.get(consumer);
      if (kinds === undefined) takers.set(consumer, [kind]);
      else kinds.push(kind);
    };
    for (const child of send.children) took(child, 'parent');
    for (const linker of send.linkers) took(linker, 'link');
    for (const token of messageTokens(send.span))
      for (const other of graph.sharing(token)) {
        if (takers.has(other) || !isDelivery(other)) continue;
        const cause = causesOfTaker(other).find(({ node }) => node === send);
        if (cause !== undefined) takers.set(other, [...cause.kinds]);
      }
    return takers;
  };
}

/**
 * Returns the segment of a shared batch in this flow's input. The segment lists only messages of
 * this flow as causes.
 */
const asSegment = ([{ span }, causes]: [Node, InputCause[]]): InputSegment => ({
  head: span,
  spans: [span],
  causes: causes.sort((a, b) => order(a.span!, b.span!)),
  parent: '',
  shared: true,
  orphan: false,
  cycle: false,
});

/** Returns the segment's head if that is in this flow, else the topmost ancestor in this flow. */
function headWithin(node: Node, head: Node, key: string): Node {
  if (head.flowKey === key) return head;
  let top = node;
  while (top.parent !== null && top.parent.flowKey === key && top !== head) top = top.parent;
  return top;
}

/**
 * Returns the kinds of evidence that show why the head is in its flow. A flow id of the head comes
 * first, because it is stronger evidence for the flow than the edge is. Both are shown.
 */
function weakenedKinds(head: Node, kinds: EvidenceKind[]): EvidenceKind[] {
  if (idToken(head.span) === '') return kinds;
  return [head.span.flow!.source === 'ambient' ? 'ambient-flow-id' : 'flow-id', ...kinds];
}

function bounded(state: FlowState): { nodes: Node[]; truncated: boolean } {
  const nodes = [...state.nodes];
  if (nodes.length <= MAX_SPANS) return { nodes, truncated: false };
  nodes.sort((a, b) => order(a.span, b.span));
  return { nodes: nodes.filter((node, i) => i < MAX_SPANS || node.span.failed), truncated: true };
}
