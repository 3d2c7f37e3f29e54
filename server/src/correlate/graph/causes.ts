import type { EvidenceKind } from '../../model/flow.ts';
import type { Span, SpanKey } from '../../model/span.ts';
import { isOneSending, isSameDestination, mayTake } from '../../model/destinations.ts';
import { countOf, type Graph, type Node } from './index.ts';
import { hasStrongId, isBatch, isConsumer, isSend } from '../../model/roles.ts';
import { messageTokens, type Token } from '../../model/keys.ts';

/**
 * A cause is one way in which a span names what caused it; lists of causes are ordered strongest
 * first. All functions here are pure over the graph: the answer depends on which spans are present,
 * never on their order of arrival (I1).
 */
export interface Cause {
  key: SpanKey;
  /** It is null when no span with this key has been received. */
  node: Node | null;
  kinds: EvidenceKind[];
}

/**
 * Returns whether the node starts a segment: work that belongs to at most one flow. An ambient id
 * below another id starts none, because the caller's id is stronger evidence and overrules it.
 */
export function startsSegment(node: Node): boolean {
  const { span, parent } = node;
  if (parent === null || isConsumer(span.role)) return true;
  if (idOf(span) === '') return false;
  return hasStrongId(span) ? idOf(span) !== idAbove(parent) : !isNamedAbove(parent);
}
const idOf = ({ flow }: Span): string => flow?.id ?? '';

/**
 * A consumer inherits no id from its ancestors: the span that polled says nothing about the
 * message.
 */
function isNamedAbove(from: Node): boolean {
  for (let node: Node | null = from; node !== null; node = node.parent) {
    if (idOf(node.span) !== '') return true;
    if (isConsumer(node.span.role)) return false;
  }
  return false;
}

/**
 * Returns the id that applies at this node: the nearest id that is not ambient, else the topmost.
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

export function headOf(node: Node): Node {
  let head = node;
  while (!startsSegment(head)) head = head.parent!;
  return head;
}

/**
 * Returns `headOf` with memoized answers, so that deep spans do not climb to the top each time. The
 * memo is valid only while the graph does not change.
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
 * - Process span: those of {parent, links} that are send or create spans; else its remote parent;
 *   else its only link; else the one send of the same message. Every other link is a relation. A
 *   process span that names none of these got its message from the receive span that it ran in
 *   (`tookFromReceive`).
 * - Any other head: the parent from which it differs in flow id.
 */
export function causesOf(head: Node, graph: Graph): Cause[] {
  const named = namedCauses(head, graph);
  if (named.length > 0 || head.placeholder !== null || !isConsumer(head.span.role)) return named;
  const { span, parent } = head;
  const send = sendOfSameMessage(head, graph);
  if (send !== null) {
    const received = tookFromReceive(head) ? causesOf(parent!, graph) : [];
    // Propagated context led to the receive span above and ends there; the message's id only
    // confirms the cause that it found.
    return [received.find(({ node }) => node === send.node) ?? send];
  }
  const link = span.links[0];
  if (span.links.length === 1 && graph.get(link!) === undefined)
    return [{ key: link!, node: null, kinds: ['link'] }];
  return tookFromReceive(head) && causesOf(parent!, graph).length === 1
    ? [{ key: parent!.span.key, node: parent, kinds: ['parent'] }]
    : [];
}

/**
 * Returns the causes that a head names by parent or link, as far as they were received. A message's
 * id is consulted only when there are none.
 */
function namedCauses(head: Node, graph: Graph): Cause[] {
  const { span, parent } = head;
  if (head.placeholder !== null)
    return head.placeholder.map(({ key, kinds }) => ({
      key,
      kinds: [...kinds],
      node: graph.get(key) ?? null,
    }));
  if (!isConsumer(span.role))
    return parent === null ? [] : [{ key: parent.span.key, node: parent, kinds: ['parent'] }];
  const causes: Cause[] = [];
  if (parent !== null && isSend(parent.span.role))
    causes.push({ key: parent.span.key, node: parent, kinds: ['parent'] });
  for (const link of span.links) {
    const node = graph.get(link);
    if (node === undefined || node === head || !isSend(node.span.role)) continue;
    // `normalize` keeps each link once, so only the parent can be in the list already.
    if (node === causes[0]?.node) causes[0].kinds.push('link');
    else causes.push({ key: link, node, kinds: ['link'] });
  }
  if (causes.length > 0) return causes;
  if (span.parent !== '' && !head.cycle && parentIsRemote(head))
    return [{ key: span.parent, node: parent, kinds: ['parent'] }];
  if (span.links.length !== 1) return [];
  const node = graph.get(span.links[0]!);
  return node === undefined || node === head ? [] : [{ key: node.span.key, node, kinds: ['link'] }];
}

export type CausesOf = (head: Node) => Cause[];

/**
 * Returns `causesOf` with memoized answers for spans with many links: every message of a batch asks
 * for all causes of its consumer. The memo is valid only while the graph does not change.
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

/** The span names no message itself and ran inside the receive span of a single message. */
export const tookFromReceive = ({ span, parent }: Node): boolean =>
  span.role === 'process' &&
  span.links.length === 0 &&
  parent !== null &&
  parent.span.role === 'receive' &&
  !isBatch(parent.span);

/**
 * The OTLP flags decide; without them the parent is remote if it is in another service, or if it
 * was not received and the span has no link.
 */
function parentIsRemote(head: Node): boolean {
  const { span, parent } = head;
  if (span.parentRemote !== null) return span.parentRemote;
  if (parent !== null) return parent.span.service.name !== span.service.name;
  return span.links.length === 0;
}

/**
 * A message name with more sends than this identifies nothing. The bound also keeps matching by
 * name from costing quadratic time.
 */
export const MAX_SENDS = 32;

/**
 * Visits every span that can match this one by message id: for a send all others, for a consumer
 * the sends.
 */
export function concernedBy(span: Span, graph: Graph, meet: (other: Node) => void): void {
  const sent = isSend(span.role);
  for (const token of messageTokens(span))
    for (const other of sent ? graph.sharing(token) : graph.sendsOf(token)) meet(other);
}

/**
 * The consumer names its message neither by parent nor by link, so only the message's id can match.
 */
const goesByName = (node: Node, graph: Graph): boolean =>
  isConsumer(node.span.role) && node.placeholder === null && namedCauses(node, graph).length === 0;
const causeByName = (taker: Node, graph: Graph, except?: Node): Node | null =>
  goesByName(taker, graph) ? (sendOfSameMessage(taker, graph, except)?.node ?? null) : null;

/** Yields the spans of which this one is the cause, or that are its cause, by the message's id. */
export function* joinedByName(node: Node, graph: Graph): Generator<Node> {
  const { span } = node;
  if (isSend(span.role)) {
    for (const token of messageTokens(span))
      for (const other of graph.sharing(token)) if (causeByName(other, graph) === node) yield other;
  } else {
    const cause = causeByName(node, graph);
    if (cause !== null) yield cause;
  }
}

/**
 * Yields the spans whose cause or effect by the message's id changes because this span is present.
 */
export function* changedByName(node: Node, graph: Graph): Generator<Node> {
  const { span } = node;
  if (!isSend(span.role)) {
    yield* joinedByName(node, graph);
    return;
  }
  for (const token of messageTokens(span))
    for (const taker of graph.sharing(token)) {
      if (!goesByName(taker, graph)) continue;
      const before = causeByName(taker, graph, node);
      const after = causeByName(taker, graph);
      if (before === after) continue;
      yield taker;
      if (before !== null) yield before;
      if (after !== null) yield after;
    }
}

/** Returns whether a consumer depends on the sends under this name. */
export function bindsTakers(token: string, graph: Graph): boolean {
  const sharing = graph.sharing(token);
  const sends = countOf(graph.sendsOf(token));
  if (sends === 0 || sends === countOf(sharing)) return false;
  for (const node of sharing) if (goesByName(node, graph)) return true;
  return false;
}
const SEVEN_DAYS = 7n * 24n * 3600n * 1_000_000_000n;

/**
 * Returns the one send of the same message within 7 days whose destination the consumer may read. A
 * republish does not count: it keeps the message's original identity.
 */
function sendOfSameMessage(head: Node, graph: Graph, except?: Node): Cause | null {
  for (const token of messageTokens(head.span)) {
    const sends: Node[] = [];
    const republished: Node[] = [];
    for (const other of graph.sendsOf(token)) {
      if (other === except) continue;
      const apart = other.span.start - head.span.start;
      if (apart > SEVEN_DAYS || apart < -SEVEN_DAYS) continue;
      (isRepublish(other, token) ? republished : sends).push(other);
    }
    const passedOn = republished.some((other) => isSameDestination(other.span, head.span));
    const found = oneSending(sends.filter((send) => passedOn || mayTake(head.span, send.span)));
    if (found !== null)
      return {
        key: found.span.key,
        node: found,
        kinds: [token.startsWith('m') ? 'message-id' : 'message-position'],
      };
  }
  return null;
}

/**
 * Returns the outermost of nested spans that are one sending; null when there are several sendings.
 */
function oneSending(sends: Node[]): Node | null {
  if (sends.length <= 1) return sends[0] ?? null;
  const outermost = sends.filter(
    (send) => !sends.some((outer) => isOneSending(outer.span, send.span)),
  );
  return outermost.length === 1 ? outermost[0]! : null;
}

/**
 * A republish is a send made while its own message is processed: a retry queue, a dead-letter
 * queue, a forwarder.
 */
function isRepublish(send: Node, token: Token): boolean {
  for (let node = send.parent; node !== null; node = node.parent)
    if (isConsumer(node.span.role)) return messageTokens(node.span).includes(token);
  return false;
}

/**
 * Returns the only cause if it may carry a flow. It is null when there are none or several, when
 * the cause was not received, or when it is a batch and so shared by several flows.
 */
export function singleCause(causes: Cause[]): Node | null {
  if (causes.length !== 1) return null;
  const node = causes[0]!.node;
  return node === null || isBatch(node.span) ? null : node;
}
