import { append, groupedBy } from '../../base/lists.ts';
import type { Span } from '../../model/span.ts';
import { isElsewhere, isOneSending, isRouted } from '../../model/destinations.ts';
import type { InputCause, InputSegment } from '../../model/flow-input.ts';
import { isConsumer, isSend } from '../../model/roles.ts';

/**
 * Corrects consumers that seem to have taken the first message of a chain, because some middleware
 * propagates the context of that message with all that follow. If a consumer's destination is not
 * that of the send it names, and exactly one message that nobody consumed went to the consumer's
 * destination earlier in the same trace or conversation, that message becomes its cause. Membership
 * does not depend on this: all spans here are in one flow. Pure.
 */
export function withoutHandedOn(segments: readonly InputSegment[]): InputSegment[] {
  const misled: { segment: InputSegment; named: NamedSend }[] = [];
  for (const segment of segments) {
    const named = namedSend(segment);
    if (named !== null && isElsewhere(segment.head, named.span)) misled.push({ segment, named });
  }
  if (misled.length === 0) return [...segments];
  // If nothing else was sent to the consumer's destination, there is no better cause: most often a
  // broker routed the message there.
  const places = new Set(misled.map(({ segment }) => segment.head.message!.destination));
  const isSentThere = ({ role, message }: Span): boolean =>
    isSend(role) && places.has(message!.destination);
  if (!segments.some(({ spans }) => spans.some(isSentThere))) return [...segments];
  const { messages, sendingOf } = sendingsOf(segments);
  /** Consumers by message, of those that name it and took it at its destination. */
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
    // A broker may route a message to another destination name, so a different name proves nothing
    // unless the same message was also taken under its own.
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
    // This consumer may have a copy of a message that other services took.
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

/** Returns the one send that a consumer names as parent or link. */
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

/** Groups the send spans into messages, each represented by the outermost span of its sending. */
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
