import type { InputCause, InputSegment } from '../../model/flow-input.ts';
import type { FlowKey } from '../../model/keys.ts';
import { isSend } from '../../model/roles.ts';
import type { Span, SpanKey, StepRef } from '../../model/span.ts';
import { withoutIds } from '../../model/templates.ts';

/**
 * Finds handlers of messages that do not say so. Code that takes the trace context out of a
 * message's headers by hand often opens a span of the default kind, without any attribute of the
 * message. Such a span has a send span of another process as its parent, so what it does is the
 * handling of that message. It becomes a delivery with a segment of its own. Otherwise it would be
 * a call, and nobody would ever take the message. Membership in flows does not depend on this, as
 * all spans here are in one flow. The functions are pure.
 */
export function withHandlers(segments: readonly InputSegment[], flowKey: FlowKey): InputSegment[] {
  return segments.flatMap((segment) => {
    const { head, spans } = segment;
    const whole = withHandlingHead(segment);
    // Most segments are of one process, and need no closer look.
    const isOfSeveral = spans.some(
      ({ parentRemote, service }) => parentRemote === true || service.name !== head.service.name,
    );
    return isOfSeveral && spans.some(({ role }) => isSend(role))
      ? dividedAtHandlers(whole, flowKey)
      : [whole];
  });
}

/** Returns the segment with its head as a delivery, if the head handles a message. */
function withHandlingHead(segment: InputSegment): InputSegment {
  const [cause] = segment.causes;
  const { head, spans } = segment;
  if (!cause?.span || cause.key !== head.parent || !isHandler(head, cause.span)) return segment;
  const delivery = asDelivery(head, cause.span);
  return { ...segment, head: delivery, spans: [delivery, ...spans.slice(1)] };
}

const mayHandle = ({ role, parent, parentRemote, milestone }: Span): boolean =>
  (role === 'internal' || role === 'server') &&
  parent !== '' &&
  parentRemote !== false &&
  milestone === null;

/**
 * Returns whether the span handles the message of this send span. Without OTLP flags, the two are
 * in different processes if they are in different services.
 */
const isHandler = (span: Span, send: Span): boolean =>
  mayHandle(span) &&
  isSend(send.role) &&
  (span.parentRemote ?? span.service.name !== send.service.name);

function dividedAtHandlers(segment: InputSegment, flowKey: FlowKey): InputSegment[] {
  const byKey = new Map(segment.spans.map((span) => [span.key, span]));
  const own = new Map<SpanKey, InputSegment>();
  for (const span of segment.spans) {
    const send = byKey.get(span.parent);
    if (span === segment.head || send === undefined || !isHandler(span, send)) continue;
    own.set(span.key, handling(asDelivery(span, send), send, flowKey));
  }
  if (own.size === 0) return [segment];
  const rest: Span[] = [];
  const segmentOf = rememberedSegments(byKey, own);
  for (const span of segment.spans) {
    if (own.has(span.key)) continue;
    const within = span === segment.head ? null : segmentOf(span);
    (within?.spans ?? rest).push(span);
  }
  return [{ ...segment, spans: rest }, ...own.values()];
}

/** Returns a function that gives the handler's segment in which a span is; null if in none. */
function rememberedSegments(
  byKey: ReadonlyMap<SpanKey, Span>,
  own: ReadonlyMap<SpanKey, InputSegment>,
): (span: Span) => InputSegment | null {
  const known = new Map<SpanKey, InputSegment | null>();
  return (from) => {
    const path: SpanKey[] = [];
    let found: InputSegment | null = null;
    for (let span: Span | undefined = from; span !== undefined; span = byKey.get(span.parent)) {
      const { key } = span;
      const at = own.get(key) ?? known.get(key);
      if (at !== undefined) {
        found = at;
        break;
      }
      path.push(key);
      // A walk that returns to a span was cut out of a ring of parents.
      known.set(key, null);
    }
    for (const key of path) known.set(key, found);
    return found;
  };
}

function handling(head: Span, send: Span, flowKey: FlowKey): InputSegment {
  const cause: InputCause = {
    kinds: ['parent'],
    span: send,
    key: send.key,
    where: 'flow',
    flowKey,
  };
  return {
    ...{ head, spans: [head], causes: [cause], parent: send.key },
    ...{ shared: false, orphan: false, cycle: false },
  };
}

/**
 * Returns the span as a delivery of the message. It has no message id of its own, so that no other
 * span is joined to it by name. Its step is named after it, because a service may handle one
 * message by several functions.
 */
function asDelivery(span: Span, send: Span): Span {
  const { kind, type, system, destination } = send.message!;
  return {
    ...span,
    role: 'process',
    message: {
      ...{ kind, type, system, destination, id: '', group: '', partition: '', position: '' },
      ...{ batchCount: 0, conversation: '', deadLettered: false },
    },
    step: {
      ...(span.step ?? NO_STEP),
      name: span.step?.name || span.route || withoutIds(span.name),
    },
  };
}
const NO_STEP: StepRef = {
  ...{ name: '', id: '', kind: '', attempt: 0, result: '', compensates: '', deadlineMs: 0 },
  itinerary: '',
};
