import { append, groupedBy } from '../../base/lists.ts';
import type { Span } from '../../model/span.ts';
import { isElsewhere, isOneSending, isRouted } from '../../model/destinations.ts';
import type { InputCause, InputSegment } from '../../model/flow-input.ts';
import { isConsumer, isSend } from '../../model/roles.ts';

/**
 * Corrects the causes of consumers that seem to have taken the first message of a chain, because
 * some middleware propagates the context of the first message with all messages that follow. Such a
 * consumer took its message at another destination than the one to which the named send went. If
 * exactly one other message went to the consumer's destination earlier in the same trace or
 * conversation, and nobody consumed that message, then that message becomes the cause. Membership
 * in flows does not depend on this, as all spans here are in one flow. The function is pure.
 */
export function withoutHandedOn(segments: readonly InputSegment[]): InputSegment[] {
  const misled: { segment: InputSegment; named: NamedSend }[] = [];
  for (const segment of segments) {
    const named = namedSend(segment);
    if (named !== null && isElsewhere(segment.head, named.span)) misled.push({ segment, named });
  }
  if (misled.length === 0) return [...segments];
  // If no message was sent to the consumer's destination, there is no better cause. In most such
  // cases a broker routed the message there.
  const places = new Set(misled.map(({ segment }) => segment.head.message!.destination));
  const isSentThere = ({ role, message }: Span): boolean =>
    isSend(role) && places.has(message!.destination);
  if (!segments.some(({ spans }) => spans.some(isSentThere))) return [...segments];
  const { messages, sendingOf } = sendingsOf(segments);
  /** By message, the consumers that took it at the destination to which it was sent. */
  const takers = new Map<Span, Span[]>();
  for (const segment of segments) {
    const named = namedSend(segment);
    if (named !== null && !isElsewhere(segment.head, named.span))
      append(takers, sendingOf(named.span), segment.head);
  }
  const sentTo = groupedBy(messages, ({ message }) => message!.destination);
  const better = new Map<InputSegment, InputCause>();
  for (const { segment, named } of misled) {
    const { head } = segment;
    // A broker may route a message to a destination with another name, so a different name is
    // evidence only if the same message was also taken at the destination to which it was sent.
    if (isRouted(named.span) && !takers.has(sendingOf(named.span))) continue;
    const onlyOne = (isFree: (send: Span) => boolean): Span | null | undefined => {
      let only: Span | undefined;
      for (const send of sentTo.get(head.message!.destination) ?? []) {
        if (send.start > head.start || !isFree(send) || relationOf(send, head, named.span) === null)
          continue;
        if (only !== undefined) return null;
        only = send;
      }
      return only;
    };
    let only = onlyOne((send) => !takers.has(send));
    // Messages that only other services took are considered next, because this consumer may have
    // got a copy of one of them.
    if (only === undefined)
      only = onlyOne(
        (send) =>
          !(takers.get(send) ?? []).some(({ service }) => service.name === head.service.name),
      );
    if (only)
      better.set(segment, {
        ...named,
        kinds: [relationOf(only, head, named.span)!],
        span: only,
        key: only.key,
      });
  }
  return segments.map((segment) => {
    const cause = better.get(segment);
    return cause === undefined ? segment : { ...segment, causes: [cause] };
  });
}

type NamedSend = InputCause & { span: Span };

/**
 * Returns the one send that a consumer names as parent or link; null if the segment is not a
 * consumer, or if it names no send or several sends.
 */
function namedSend({ head, causes }: InputSegment): NamedSend | null {
  const [cause] = causes;
  if (!isConsumer(head.role) || causes.length !== 1 || cause!.where !== 'flow') return null;
  const isNamed = cause!.kinds.some((kind) => kind === 'parent' || kind === 'link');
  return isNamed && cause!.span !== null && isSend(cause!.span.role) ? (cause as NamedSend) : null;
}

function relationOf(send: Span, taker: Span, named: Span): 'conversation' | 'trace' | null {
  const conversation = taker.message!.conversation;
  if (conversation !== '' && send.message!.conversation === conversation) return 'conversation';
  return send.traceId === taker.traceId || send.traceId === named.traceId ? 'trace' : null;
}

/**
 * Groups the send spans into messages. A message is represented by the outermost send span of its
 * sending. `sendingOf` returns that outermost span for each send span.
 */
function sendingsOf(segments: readonly InputSegment[]): {
  messages: Span[];
  sendingOf: (send: Span) => Span;
} {
  const byKey = new Map<string, Span>();
  for (const { spans } of segments)
    for (const span of spans) if (isSend(span.role)) byKey.set(span.key, span);
  const outermost = new Map<Span, Span>();
  const sendingOf = (send: Span): Span => {
    const path = new Set<Span>();
    let top = send;
    for (let one: Span | undefined = send; one !== undefined && !path.has(one);) {
      path.add(one);
      top = outermost.get(one) ?? one;
      const above: Span | undefined = top === one ? byKey.get(one.parent) : undefined;
      one = above !== undefined && isOneSending(above, one) ? above : undefined;
    }
    for (const one of path) outermost.set(one, top);
    return top;
  };
  return { messages: [...byKey.values()].filter((send) => sendingOf(send) === send), sendingOf };
}
