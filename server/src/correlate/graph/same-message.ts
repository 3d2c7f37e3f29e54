import type { EvidenceKind } from '../../model/flow.ts';
import { isOneSending, isSameDestination, mayTake } from '../../model/destinations.ts';
import { order } from '../../model/flow-input.ts';
import { messageTokens, type Token } from '../../model/keys.ts';
import { isConsumer } from '../../model/roles.ts';
import type { Span } from '../../model/span.ts';
import type { Graph, Node } from './index.ts';

/**
 * This file finds the send of a consumer's message by the message's id or position, if trace
 * context does not tell it.
 */

export interface FoundSend {
  node: Node;
  kind: EvidenceKind;
}

const SEVEN_DAYS = 7n * 24n * 3600n * 1_000_000_000n;

/**
 * Returns the one send of the consumer's message as the consumer's cause. The send must be within 7
 * days of the consumer and to a destination that the consumer may read. A republish does not count,
 * because it passes the message on under the original id. Returns null if no send or several sends
 * match.
 */
export function sendOfSameMessage(head: Node, graph: Graph, except?: Node): FoundSend | null {
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
    const takeable = sends.filter((send) => passedOn || mayTake(head.span, send.span));
    const found = oneSending(takeable) ?? latestOfEqualContent(head.span, takeable);
    if (found !== null)
      return { node: found, kind: token.startsWith('m') ? 'message-id' : 'message-position' };
  }
  return null;
}

/**
 * Returns the outermost of these send spans if they are nested in each other and so count as one
 * sending. Returns null if there is no send, or if there are several sendings.
 */
function oneSending(sends: Node[]): Node | null {
  if (sends.length <= 1) return sends[0] ?? null;
  const outermost = sends.filter(
    (send) => !sends.some((outer) => isOneSending(outer.span, send.span)),
  );
  return outermost.length === 1 ? outermost[0]! : null;
}

/**
 * Returns the latest send before the consumer, of several with the same content, if the message's
 * protocol carries no context. Otherwise the second of two equal orders would tear the flow of the
 * first apart. Returns null if none was sent in the seconds before.
 */
function latestOfEqualContent(taker: Span, sends: readonly Node[]): Node | null {
  if (taker.message?.contextless !== true) return null;
  let latest: Node | null = null;
  for (const send of sends) {
    const before = taker.start - send.span.start;
    if (before < 0n || before > EQUAL_CONTENT_NS) continue;
    if (latest === null || order(latest.span, send.span) < 0) latest = send;
  }
  return latest;
}
const EQUAL_CONTENT_NS = 10_000_000_000n;

/**
 * Returns whether the send is a republish: the message is sent again while it is processed. A
 * forwarder does this, or a consumer that sends a message to a retry or dead-letter queue.
 */
function isRepublish(send: Node, token: Token): boolean {
  for (let node = send.parent; node !== null; node = node.parent)
    if (isConsumer(node.span.role)) return messageTokens(node.span).includes(token);
  return false;
}
