import type { EvidenceKind } from '../../model/flow.ts';
import type { Span, SpanKey } from '../../model/span.ts';
import { isOneSending, isSameDestination, mayTake } from '../../model/destinations.ts';
import { countOf, type Graph, type Node } from './index.ts';
import { hasStrongId, isBatch, isConsumer, isSend } from '../../model/roles.ts';
import { messageTokens, type Token } from '../../model/keys.ts';

/**
 * Every way a span may name what caused it, strongest first. All functions here are pure over the
 * graph: the answer depends on which spans are there, never on when they came.
 */
export interface Cause {
  key: SpanKey;
  /** null: that span was never seen. */
  node: Node | null;
  kinds: EvidenceKind[];
}

/**
 * Starts a piece of work that belongs to at most one flow. An ambient id says nothing below another
 * one: what called it is stronger evidence, so that it is overruled and cuts nothing off.
 */
export function startsSegment(node: Node): boolean {
  const { span, parent } = node;
  if (parent === null || isConsumer(span.role)) return true;
  if (idOf(span) === '') return false;
  return hasStrongId(span) ? idOf(span) !== idAbove(parent) : !isNamedAbove(parent);
}
const idOf = ({ flow }: Span): string => flow?.id ?? '';

/** A consumer inherits nothing from above: who polled for it says nothing about its message. */
function isNamedAbove(from: Node): boolean {
  for (let node: Node | null = from; node !== null; node = node.parent) {
    if (idOf(node.span) !== '') return true;
    if (isConsumer(node.span.role)) return false;
  }
  return false;
}

/** The id that holds there: the nearest that is no ambient one, else the topmost. */
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
 * The same, without climbing again and again from what lies deep. Holds as long as the graph stays.
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
 * Causes of a segment's head. Of a process span: those of {parent, links} that are send or create
 * spans; else its remote parent; else its only link; else the one send of the same message. Every
 * other link is a relation. Of any other head: the parent it differs from in flow id. A process
 * span that names nothing of this was given its message by the receive span that it happened in
 * (`tookFromReceive`).
 */
export function causesOf(head: Node, graph: Graph): Cause[] {
  const named = namedCauses(head, graph);
  if (named.length > 0 || head.placeholder !== null || !isConsumer(head.span.role)) return named;
  const { span, parent } = head;
  const send = sendOfSameMessage(head, graph);
  if (send !== null) {
    const received = tookFromReceive(head) ? causesOf(parent!, graph) : [];
    // Context led the message here, and ends at the span that received it: its name only confirms
    // that.
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
 * Those that a head names by parent or link, as far as they are known; for a message's id there is
 * no need beside them.
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
    // Links name each span once (`normalize`), so only the parent can be there already.
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
 * Asked once: every message of a batch asks for all causes of whoever took it. Holds as long as the
 * graph stays.
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

/** It names no message itself, and happened in the receiving of a single one. */
export const tookFromReceive = ({ span, parent }: Node): boolean =>
  span.role === 'process' &&
  span.links.length === 0 &&
  parent !== null &&
  parent.span.role === 'receive' &&
  !isBatch(parent.span);

/**
 * From the OTLP flags; without them, a parent in another service, or an unseen parent when there is
 * no link.
 */
function parentIsRemote(head: Node): boolean {
  const { span, parent } = head;
  if (span.parentRemote !== null) return span.parentRemote;
  if (parent !== null) return parent.span.service.name !== span.service.name;
  return span.links.length === 0;
}

/** A name under which more was sent identifies nothing (and must not cost quadratic time). */
export const MAX_SENDS = 32;

/**
 * Whom it concerns that this span is there, by the message: a send all others, whoever takes it
 * what was sent.
 */
export function concernedBy(span: Span, graph: Graph, meet: (other: Node) => void): void {
  const sent = isSend(span.role);
  for (const token of messageTokens(span))
    for (const other of sent ? graph.sharing(token) : graph.sendsOf(token)) meet(other);
}

/** It says neither by parent nor by link what it took. */
const goesByName = (node: Node, graph: Graph): boolean =>
  isConsumer(node.span.role) && node.placeholder === null && namedCauses(node, graph).length === 0;
const causeByName = (taker: Node, graph: Graph, except?: Node): Node | null =>
  goesByName(taker, graph) ? (sendOfSameMessage(taker, graph, except)?.node ?? null) : null;

/** Those that this span is the cause of, or that is its cause, by the message's id. */
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

/** Whose cause, or whose effect, is another by the message's id because this span is there now. */
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

/** Somebody who took it depends on what was sent under this name. */
export function bindsTakers(token: string, graph: Graph): boolean {
  const sharing = graph.sharing(token);
  const sends = countOf(graph.sendsOf(token));
  if (sends === 0 || sends === countOf(sharing)) return false;
  for (const node of sharing) if (goesByName(node, graph)) return true;
  return false;
}
const SEVEN_DAYS = 7n * 24n * 3600n * 1_000_000_000n;

/**
 * Exactly one send of the same message within 7 days, to where it was taken from; a republish does
 * not count, it keeps its original identity.
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

/** The outermost of spans that are one sending; null where they are several. */
function oneSending(sends: Node[]): Node | null {
  if (sends.length <= 1) return sends[0] ?? null;
  const outermost = sends.filter(
    (send) => !sends.some((outer) => isOneSending(outer.span, send.span)),
  );
  return outermost.length === 1 ? outermost[0]! : null;
}

/**
 * A send made while processing the same message: a retry queue, a dead-letter queue, a forwarder.
 */
function isRepublish(send: Node, token: Token): boolean {
  for (let node = send.parent; node !== null; node = node.parent)
    if (isConsumer(node.span.role)) return messageTokens(node.span).includes(token);
  return false;
}

/** The single cause that may carry a flow, or null: none, several, unseen, or shared by nature. */
export function singleCause(causes: Cause[]): Node | null {
  if (causes.length !== 1) return null;
  const node = causes[0]!.node;
  return node === null || isBatch(node.span) ? null : node;
}
