import { append, pushAll } from '../base/lists.ts';
import { evidence, type Badge, type EvidenceKind, type Hop, type Step } from '../model/flow.ts';
import { spanIdOf, type MessageKind, type Span } from '../model/span.ts';
import { msBetween, shifted, type UnixNanos } from '../model/time.ts';
import type { Shifts } from './causal-time.ts';
import { deadLettersIn } from './dead-letters.ts';
import { hasDeadName, isOneSending } from '../model/destinations.ts';
import type { Draft } from './draft.ts';
import type { FlowInput, InputCause } from '../model/flow-input.ts';
import { isSend } from '../model/roles.ts';
import { distinctMessages, withoutRepeated } from './repeated-sends.ts';
import { routeOf } from './step-names.ts';
import { addBadge, SKEW_SHOWN_NS, sizeOf } from './steps.ts';

/**
 * Builds the hops between steps: messages and synchronous calls, each with its wait and its
 * evidence.
 */

export function hopsOf(
  input: FlowInput,
  shifts: Shifts,
  stepOf: Map<string, Step>,
  drafts: Draft[],
  badges: Set<Badge>,
): Hop[] {
  const shiftOfStep = shiftsOfSteps(drafts, shifts);
  const shiftOf = (span: Span): bigint => shiftOfStep.get(span) ?? shifts.of(span);
  const corrected = (span: Span, at: UnixNanos): UnixNanos => shifted(at, shiftOf(span));
  const hops = new Map<string, Hop>();
  const consumed = new Set<string>();
  const deadLetterOf = deadLettersIn(drafts, stepOf);
  for (const draft of drafts) {
    const to = stepOf.get(draft.head.key)!;
    if (draft.calledBy !== null) {
      const { client, from, returned } = draft.calledBy;
      const fromStep = stepOf.get(from.head.key)!;
      // Without a client span (the step lies inside another step, or the client span was lost) the
      // time of the call is unknown.
      const calls = client.role === 'client';
      const received = shifted(draft.head.start, draft.shift);
      const sent = calls ? shifted(client.start, from.shift) : received;
      add({
        id: `${spanIdOf(client.key)}>${to.id}`,
        message: {
          kind: draft.head.message?.kind || 'command',
          type: routeOf(draft) || draft.head.name,
          id: '',
          system: systemOf(draft, from),
          destination: draft.head.service.name,
        },
        from: fromStep.id,
        to: to.id,
        consumerGroup: null,
        state: 'delivered',
        attempts: 1,
        sendSpanId: spanIdOf(client.key),
        receiveSpanId: spanIdOf(draft.head.key),
        sent,
        received,
        returned: calls ? shifted(returned, from.shift) : null,
        waitMs: Math.max(0, msBetween(sent, received)),
        skewed: draft.shift - from.shift >= SKEW_SHOWN_NS,
        sync: true,
        evidence: [evidence('parent')],
        confidence: evidence('parent').strength,
      });
      continue;
    }
    if (draft.head !== draft.segment.head) continue;
    for (const cause of draft.segment.causes) {
      if (lacksContext(cause)) {
        badges.add('broken-context');
        addBadge(to, 'broken-context');
      }
      if (cause.where === 'unseen') {
        badges.add('unseen-cause');
        addBadge(to, 'unseen-cause');
        continue;
      }
      if (draft.head.role !== 'process' && draft.head.role !== 'receive') continue;
      const send = cause.span!;
      // A batch may have taken messages of several runs; a run shows only messages sent in it.
      if (draft.segment.shared && !stepOf.has(send.key)) continue;
      consumed.add(send.key);
      if (cause.where !== 'flow') badges.add('shared');
      const givenUp = deadLetterOf(draft, send);
      const from = givenUp?.from ?? stepOf.get(send.key);
      const sent = givenUp?.at ?? corrected(send, send.start);
      const sentEnd = givenUp?.at ?? corrected(send, send.end);
      const message = messageOf(send, draft.head);
      // The message is a dead letter if the broker moved it without a send span, if the consumer
      // states it, or if a failed step sent it to a destination with a dead-letter name.
      const isDead =
        givenUp !== null ||
        draft.head.message!.deadLettered ||
        (hasDeadName(message.destination) && from !== undefined && hasFailed(from));
      const received = shifted(draft.head.start, draft.shift);
      // If both sides were shifted by the same amount, the wait is as it was measured.
      const skewed = sizeOf(draft.shift - shiftOf(send)) >= SKEW_SHOWN_NS;
      add({
        id: `${spanIdOf(send.key)}>${to.id}`,
        message: givenUp === null ? message : { ...message, destination: givenUp.destination },
        from: from?.id ?? null,
        to: to.id,
        consumerGroup: draft.head.message?.group || null,
        state: isDead ? 'dead-lettered' : 'delivered',
        attempts: to.attempts.length,
        sendSpanId: givenUp === null ? spanIdOf(send.key) : null,
        receiveSpanId: spanIdOf(draft.head.key),
        ...timesOf(message.kind, sent, sentEnd, received, to),
        skewed,
        sync: false,
        evidence: cause.kinds.map(evidence),
        confidence: confidenceOf(cause.kinds),
      });
    }
  }
  for (const other of input.consumedElsewhere) consumed.add(other.send.key);
  addWaiting();
  const list = [...hops.values()];
  pushAll(list, setAsideIn(drafts, stepOf, list));
  list.sort((a, b) => (a.sent !== b.sent ? (a.sent < b.sent ? -1 : 1) : a.id < b.id ? -1 : 1));
  const byId = new Map<string, Step>();
  for (const step of stepOf.values()) byId.set(step.id, step);
  for (const hop of list) if (hop.to !== null) byId.get(hop.to)!.causedBy.push(hop.id);
  return list;

  /** Adds a hop. Of hops with the same send and step, only that of the first delivery is kept. */
  function add(hop: Hop): void {
    const known = hops.get(hop.id);
    if (known === undefined || hop.received! < known.received!) hops.set(hop.id, hop);
  }

  /**
   * Adds a hop for every message without a received consumer. Nested send spans of one sending
   * count as one message, which is named by the outermost span.
   */
  function addWaiting(): void {
    for (const { spans } of input.segments) {
      const sends = withoutRepeated(spans.filter(awaitsReceiver));
      // The common case, a segment that sends once or not at all, needs no grouping.
      if (sends.length < 2) {
        for (const send of sends) if (!consumed.has(send.key)) addWaitingHop(send, send);
        continue;
      }
      const byKey = new Map(sends.map((send) => [send.key, send]));
      const within = new Map<Span, Span[]>();
      const outermost = sends.filter((send) => {
        const around = [send.parent, ...send.links].flatMap((key) => byKey.get(key) ?? []);
        const outer = around.filter((one) => isOneSending(one, send));
        for (const one of outer) append(within, one, send);
        return outer.length === 0;
      });
      const seen = new Set<Span>();
      const work = distinctMessages(outermost, within, consumed);
      for (const { message, send } of work) {
        if (consumed.has(send.key) || seen.has(send)) continue;
        seen.add(send);
        const inner = within.get(send) ?? [];
        if (inner.length === 0) addWaitingHop(message, send);
        // A send span above several others only groups them, as each sends its own message.
        else if (inner.length > 1 && send.role === 'send')
          for (const one of inner) work.push({ message: one, send: one });
        else if (!inner.some(({ key }) => consumed.has(key)))
          work.push({ message, send: inner.at(-1)! });
      }
    }
  }

  function addWaitingHop(message: Span, send: Span): void {
    const id = `${spanIdOf(message.key)}>`;
    hops.set(id, {
      ...notTaken(id, stepOf.get(send.key)?.id ?? null, corrected(send, send.start)),
      message: messageOf(message, send),
      // A failed step gives a message up by sending it to a dead-letter destination. Often nobody
      // consumes from there, so no consumer is awaited.
      state: isGivenUp(send, stepOf.get(send.key)) ? 'dead-lettered' : 'waiting',
      sendSpanId: spanIdOf(message.key),
    });
  }
}

/**
 * Returns the shift of the step of each span, ns, if it differs from the span's own shift, as it
 * does after a call from another clock.
 */
function shiftsOfSteps(drafts: readonly Draft[], shifts: Shifts): ReadonlyMap<Span, bigint> {
  const found = new Map<Span, bigint>();
  for (const { spans, shift } of drafts)
    for (const span of spans) if (shift !== shifts.of(span)) found.set(span, shift);
  return found;
}

/**
 * Returns a hop for every message that its consumer had set aside as a dead letter, if no consumer
 * of the dead letter was received.
 */
function setAsideIn(
  drafts: readonly Draft[],
  stepOf: ReadonlyMap<string, Step>,
  hops: readonly Hop[],
): Hop[] {
  const known = new Set<string | null>();
  for (const { state, from } of hops) if (state === 'dead-lettered') known.add(from);
  return drafts.flatMap(({ head, spans, segment, shift }): Hop[] => {
    const step = stepOf.get(head.key)!;
    const by = spans.find(({ settled }) => settled === 'dead-lettered');
    if (by === undefined || head.message === null || known.has(step.id)) return [];
    known.add(step.id);
    const send = segment.causes[0]?.span ?? null;
    const message = messageOf(head, null);
    if (send?.message) message.type = messageOf(send, head).type;
    const hop = notTaken(`${spanIdOf(by.key)}>`, step.id, shifted(by.end, shift));
    return [{ ...hop, message, state: 'dead-lettered' }];
  });
}

/** Returns a hop of a message without a known consumer; the caller adds the message. */
const notTaken = (id: string, from: string | null, sent: UnixNanos): Omit<Hop, 'message'> => ({
  id,
  from,
  to: null,
  consumerGroup: null,
  state: 'waiting',
  attempts: 0,
  sendSpanId: null,
  receiveSpanId: null,
  sent,
  received: null,
  returned: null,
  waitMs: null,
  skewed: false,
  sync: false,
  evidence: [],
  confidence: 1,
});

/**
 * Returns the protocol of a call. A step within another step of its service was not called over a
 * network.
 */
const systemOf = ({ head }: Draft, from: Draft): string =>
  head.role !== 'server' && head.service.name === from.head.service.name
    ? 'in-process'
    : head.route.includes('/') && !/^[A-Z]+ /.test(head.route)
      ? 'rpc'
      : 'http';

const isGivenUp = ({ message }: Span, from: Step | undefined): boolean =>
  from !== undefined && hasFailed(from) && hasDeadName(message!.destination);
const hasFailed = ({ attempts }: Step): boolean =>
  attempts.some(({ status }) => status === 'failed');

function messageOf(send: Span, receive: Span | null): Hop['message'] {
  // If `send` is no send span, it is a step that stored the message, for example in an outbox. The
  // message of that step is another one, which it handled, so it is not used.
  const s = receive === null || isSend(send.role) ? send.message : null;
  const r = receive?.message ?? null;
  const pick = (field: 'type' | 'id' | 'system' | 'destination'): string =>
    (s?.[field] || r?.[field]) ?? '';
  const kind: MessageKind = s?.kind || r?.kind || 'event';
  return {
    kind,
    type: pick('type'),
    id: pick('id'),
    system: pick('system'),
    destination: pick('destination'),
  };
}

/**
 * Returns whether a consumer of the send is awaited. If the message carries no trace context, its
 * consumer would never be found.
 */
const awaitsReceiver = ({ role, message }: Span): boolean =>
  isSend(role) && message?.contextless !== true;

/**
 * Returns whether only the message's id or position joins the two sides, although the protocol
 * carries trace context.
 */
const lacksContext = ({ kinds, span }: InputCause): boolean =>
  span?.message?.contextless !== true &&
  kinds.some((kind) => kind === 'message-id' || kind === 'message-position');

/**
 * Returns the times of a message. If its send span lasted until it was handled, as for a request of
 * NATS, the sender waited for the answer, and the message waited from the beginning of that span.
 * An event has no answer: where its send lasts as long, the broker was slow to confirm.
 */
function timesOf(
  kind: MessageKind,
  sent: UnixNanos,
  sentEnd: UnixNanos,
  received: UnixNanos,
  { end }: Step,
): Pick<Hop, 'sent' | 'received' | 'returned' | 'waitMs'> {
  const isAnswered = (kind === 'command' || kind === 'query') && end !== null && end <= sentEnd;
  return {
    sent,
    received,
    returned: isAnswered ? sentEnd : null,
    waitMs: Math.max(0, msBetween(isAnswered ? sent : sentEnd, received)),
  };
}

const confidenceOf = (kinds: readonly EvidenceKind[]): number =>
  kinds.includes('place')
    ? evidence('place').strength
    : Math.max(...kinds.map((kind) => evidence(kind).strength));
