import type { EvidenceKind } from '../../model/flow.ts';
import type { Span, SpanKey } from '../../model/span.ts';
import { countOf, type Graph, type Node } from './index.ts';
import { isDelivery } from './node.ts';
import { hasStrongId, isBatch, isConsumer, isSend } from '../../model/roles.ts';
import { messageTokens } from '../../model/keys.ts';
import { sendOfSameMessage } from './same-message.ts';

/**
 * A cause is a span that caused another span, together with the kinds of evidence for this. Lists
 * of causes are ordered strongest first. All functions here are pure: their answers depend on which
 * spans the graph holds, never on the order in which these spans arrived (invariant I1).
 */
export interface Cause {
  key: SpanKey;
  /** Node of the causing span; null when no span with this key has been received. */
  node: Node | null;
  kinds: EvidenceKind[];
}

/**
 * Returns whether the node starts a segment, which is work that belongs to at most one flow. An
 * ambient id starts no segment below a span with another id, because the caller's id is stronger
 * evidence.
 */
export function startsSegment(node: Node): boolean {
  const { span, parent } = node;
  if (parent === null || isDelivery(node)) return true;
  if (idOf(span) === '') return sendInBatch(node) !== null;
  return hasStrongId(span) ? idOf(span) !== idAbove(parent) : !isNamedAbove(parent);
}
const idOf = ({ flow }: Span): string => flow?.id ?? '';

/**
 * Returns the send whose message a span within a batch works on, if the span has no flow id and a
 * link to exactly one of the sends to which the batch has links, and each of the two is of one
 * message. Otherwise returns null. Handlers of batches often record such a span for each message,
 * which is not a consumer span.
 */
function sendInBatch({ span, linkedSends, parent }: Node): Node | null {
  if (linkedSends.length === 0 || idOf(span) !== '' || isBatch(span)) return null;
  let batch = parent;
  while (batch !== null && !isDelivery(batch)) batch = batch.parent;
  const taken = batch?.span.links ?? [];
  if (taken.length < 2) return null;
  const found = linkedSends.filter(({ span }) => taken.includes(span.key));
  return found.length === 1 && !isBatch(found[0]!.span) ? found[0]! : null;
}

/**
 * Returns whether this node or an ancestor has a flow id, up to the nearest consumer. Ids above a
 * consumer do not count, because the span that polled for the message says nothing about the
 * message's flow.
 */
function isNamedAbove(from: Node): boolean {
  for (let node: Node | null = from; node !== null; node = node.parent) {
    if (idOf(node.span) !== '') return true;
    if (isConsumer(node.span.role)) return false;
  }
  return false;
}

/**
 * Returns the flow id that applies at this node: the nearest id that is not ambient, or else the
 * topmost ambient one, up to the nearest consumer. Returns '' if there is none.
 */
function idAbove(from: Node): string {
  let ambient = '';
  for (let node: Node | null = from; node !== null; node = node.parent) {
    if (hasStrongId(node.span)) return idOf(node.span);
    ambient = idOf(node.span) || ambient;
    if (isConsumer(node.span.role)) break;
  }
  return ambient;
}

/** Returns whether a link from `linker` to `node` may make `node` the cause of `linker`. */
export const mayFollowLink = (linker: Node, node: Node): boolean =>
  isConsumer(linker.span.role) || sendInBatch(linker) === node;

export function headOf(node: Node): Node {
  let head = node;
  while (!startsSegment(head)) head = head.parent!;
  return head;
}

/**
 * Returns a function like `headOf` that memoizes its answers, so that deep spans do not all climb
 * to the top. It is valid only while the graph does not change.
 */
export function rememberedHeads(): (node: Node) => Node {
  const known = new Map<Node, Node>();
  return (node) => {
    const passed: Node[] = [];
    let head = node;
    for (let far = 1; !startsSegment(head); far++) {
      const above = known.size > 0 ? known.get(head) : undefined;
      if (above !== undefined) {
        head = above;
        break;
      }
      if (far % REMEMBERED_STEPS === 0) passed.push(head);
      head = head.parent!;
    }
    for (const one of passed) known.set(one, head);
    return head;
  };
}
const REMEMBERED_STEPS = 16;

/**
 * Returns the causes of a segment's head.
 * - A head that consumes has all send and create spans among its parent and links as causes. If
 *   there are none, its cause is the first that exists of its remote parent, its only link and the
 *   one send of the same message. Other links are relations. A process span without any of these
 *   got its message from the receive span in which it ran (`tookFromReceive`).
 * - A head within a batch that names one of the batch's messages has the send of that message as
 *   cause (`sendInBatch`).
 * - Any other head has its parent as cause. The parent has another flow id.
 */
export function causesOf(head: Node, graph: Graph): Cause[] {
  const named = namedCauses(head, graph);
  if (named.length > 0 || head.placeholder !== null || !isDelivery(head)) return named;
  const { span, parent } = head;
  const send = sendOfSameMessage(head, graph);
  if (send !== null) {
    const received = tookFromReceive(head) ? causesOf(parent!, graph) : [];
    // The receive span above may have a cause by propagated context. If that cause is the same
    // send, it is returned with its evidence, which the message id only confirms.
    return [
      received.find(({ node }) => node === send.node) ?? {
        ...{ key: send.node.span.key, node: send.node, kinds: [send.kind] },
      },
    ];
  }
  const link = span.links[0];
  if (span.links.length === 1 && graph.get(link!) === undefined)
    return [{ key: link!, node: null, kinds: ['link'] }];
  return tookFromReceive(head) && causesOf(parent!, graph).length === 1
    ? [{ key: parent!.span.key, node: parent, kinds: ['parent'] }]
    : [];
}

/**
 * Returns the causes that a head names by parent or link. The caller looks a cause up by message id
 * only if this list is empty.
 */
function namedCauses(head: Node, graph: Graph): Cause[] {
  const { span, parent } = head;
  if (head.placeholder !== null)
    return head.placeholder.map(({ key, kinds }) => ({
      key,
      kinds: [...kinds],
      node: graph.get(key) ?? null,
    }));
  if (!isDelivery(head)) {
    const send = sendInBatch(head);
    if (send !== null) return [{ key: send.span.key, node: send, kinds: ['link'] }];
    return parent === null ? [] : [{ key: parent.span.key, node: parent, kinds: ['parent'] }];
  }
  const causes: Cause[] = [];
  if (parent !== null && isSend(parent.span.role))
    causes.push({ key: parent.span.key, node: parent, kinds: ['parent'] });
  for (const link of span.links) {
    const node = graph.get(link);
    if (node === undefined || node === head || !isSend(node.span.role)) continue;
    // `normalize` drops repeated links, so only the parent can be in the list already.
    if (node === causes[0]?.node) causes[0].kinds.push('link');
    else causes.push({ key: link, node, kinds: ['link'] });
  }
  if (causes.length > 0) return causes;
  if (span.parent !== '' && !head.cycle && parentIsRemote(head))
    return [{ key: span.parent, node: parent, kinds: ['parent'] }];
  if (span.links.length !== 1) return receivedBefore(head, graph);
  const node = graph.get(span.links[0]!);
  return node === undefined || node === head ? [] : [{ key: node.span.key, node, kinds: ['link'] }];
}

/**
 * Returns the receive spans to which a consumer of the same service links. Some clients record one
 * span for each message of a poll, and link the span of the poll to them.
 */
function receivedBefore({ span, parent }: Node, graph: Graph): Cause[] {
  if (parent !== null && !isConsumer(parent.span.role)) return [];
  return span.links.flatMap((key): Cause[] => {
    const node = graph.get(key);
    const isOwn =
      node?.span.role === 'receive' &&
      node.span.key !== span.key &&
      node.span.service.name === span.service.name;
    return isOwn ? [{ key, node, kinds: ['link'] }] : [];
  });
}

export type CausesOf = (head: Node) => Cause[];

/**
 * Returns a function like `causesOf` that memoizes its answers for spans with many links, because
 * every message of a batch asks for all causes of the batch's consumer. It is valid only while the
 * graph does not change.
 */
export function rememberedCauses(graph: Graph): CausesOf {
  const known = new Map<Node, Cause[]>();
  return (head) => {
    if (head.span.links.length < MIN_REMEMBERED) return causesOf(head, graph);
    let causes = known.get(head);
    if (causes === undefined) known.set(head, (causes = causesOf(head, graph)));
    return causes;
  };
}
const MIN_REMEMBERED = 8;

/**
 * Returns whether the span is a process span that names no message by a link and ran inside the
 * receive span of a single message.
 */
export const tookFromReceive = ({ span, parent }: Node): boolean =>
  span.role === 'process' &&
  span.links.length === 0 &&
  parent !== null &&
  parent.span.role === 'receive' &&
  !isBatch(parent.span);

/**
 * Returns whether the head's parent is in another process, according to the OTLP flags. Without
 * flags, the parent counts as remote if it belongs to another service, or if it was not received
 * and the head has no link.
 */
function parentIsRemote(head: Node): boolean {
  const { span, parent } = head;
  if (span.parentRemote !== null) return span.parentRemote;
  if (parent !== null) return parent.span.service.name !== span.service.name;
  return span.links.length === 0;
}

/**
 * Maximum number of sends with one message name; a name with more sends identifies nothing. Without
 * this bound, matching by name would also take quadratic time.
 */
export const MAX_SENDS = 32;

/**
 * Visits every span that this span can match by message id. For a send these are all spans with the
 * id. For a consumer these are the sends with the id.
 */
export function concernedBy(span: Span, graph: Graph, meet: (other: Node) => void): void {
  const sent = isSend(span.role);
  for (const token of messageTokens(span))
    for (const other of sent ? graph.sharing(token) : graph.sendsOf(token)) meet(other);
}

/**
 * Returns whether the node is a consumer that names its message neither by parent nor by link, so
 * that only the message id can match it to a send.
 */
const goesByName = (node: Node, graph: Graph): boolean =>
  isDelivery(node) && node.placeholder === null && namedCauses(node, graph).length === 0;
const causeByName = (taker: Node, graph: Graph, except?: Node): Node | null =>
  goesByName(taker, graph) ? (sendOfSameMessage(taker, graph, except)?.node ?? null) : null;

/**
 * Visits the spans that a message id connects to this span. For a send these are the consumers that
 * the send caused. For a consumer this is the send that caused the consumer.
 */
export function joinedByName(node: Node, graph: Graph, meet: (other: Node) => void): void {
  const tokens = messageTokens(node.span);
  if (tokens.length === 0) return;
  if (isSend(node.span.role)) {
    for (const token of tokens)
      for (const other of graph.sharing(token)) if (causeByName(other, graph) === node) meet(other);
  } else {
    const cause = causeByName(node, graph);
    if (cause !== null) meet(cause);
  }
}

/** Visits the spans whose causes or effects by message id change because this span is present. */
export function changedByName(node: Node, graph: Graph, meet: (other: Node) => void): void {
  if (!isSend(node.span.role)) {
    joinedByName(node, graph, meet);
    return;
  }
  for (const token of messageTokens(node.span))
    for (const taker of graph.sharing(token)) {
      if (!goesByName(taker, graph)) continue;
      const before = causeByName(taker, graph, node);
      const after = causeByName(taker, graph);
      if (before === after) continue;
      meet(taker);
      if (before !== null) meet(before);
      if (after !== null) meet(after);
    }
}

/**
 * Returns whether any consumer finds its cause by this message name. Such a consumer depends on
 * which sends have that name.
 */
export function bindsTakers(token: string, graph: Graph): boolean {
  const sharing = graph.sharing(token);
  const sends = countOf(graph.sendsOf(token));
  if (sends === 0 || sends === countOf(sharing)) return false;
  for (const node of sharing) if (goesByName(node, graph)) return true;
  return false;
}
/**
 * Returns the only cause if its flow may continue in the effect. Returns null if there is no cause
 * or several causes, if the cause was not received, or if the cause is a batch, which several flows
 * share.
 */
export function singleCause(causes: Cause[]): Node | null {
  if (causes.length !== 1) return null;
  const node = causes[0]!.node;
  return node === null || isBatch(node.span) ? null : node;
}
