import type { Span } from '../model/span.ts';
import type { Draft } from './draft.ts';
import { order, type InputCause } from '../model/flow-input.ts';
import { isBatch, isConsumer, isSend } from '../model/roles.ts';
import { hasDeadName } from '../model/destinations.ts';
import { isCounted, isQueueId, messageNameOf } from '../model/keys.ts';

/**
 * Decides which deliveries are attempts of one step. A delivery belongs to a send and a
 * subscription. Deliveries of one send to different destinations or groups belong to different
 * subscriptions, and so to different steps. A second delivery to the same subscription is another
 * attempt of the same step. All functions here are pure.
 */

/**
 * Returns a function that gives a key which all attempts of one step share; '' if the draft is a
 * step of its own.
 */
export function attemptKeys(drafts: readonly Draft[]): (draft: Draft) => string {
  const taking = new Set<string>();
  /**
   * Names of services with several deliveries. A service with a single delivery has no attempts to
   * merge.
   */
  const often = new Set<string>();
  for (const draft of drafts) {
    const { name } = draft.head.service;
    if (isDelivery(draft)) (taking.has(name) ? often : taking).add(name);
  }
  if (often.size === 0) return () => '';
  const firstOf = firstDeliveries(drafts);
  return (draft) => {
    const { head } = draft;
    if (!isDelivery(draft) || !often.has(head.service.name)) return '';
    const first = firstOf(draft);
    const message = messageOf(first);
    if (message === '') return '';
    const { group, subscription = group, destination } = first.head.message!;
    // A handler of dead letters is a step of its own, even if the same service runs it.
    const afterwards = head.message!.deadLettered ? 'dead' : '';
    const handler = head.step?.name ?? '';
    return [
      ...[message, head.service.name, subscription, placeOf(destination)],
      ...[handler, afterwards],
    ].join('\0');
  };
}

/**
 * Returns the sends that passed the delivered message on for another attempt. Such a send has the
 * same message id, or its destination is named as a retry destination of the one from which the
 * message was taken.
 */
export function sentAgainBy(draft: Draft): Span[] {
  if (!isDelivery(draft) || !draft.spans.some(({ role }) => isSend(role))) return [];
  // A message id that is a counter restarts at every destination, so that the same number at
  // another destination is another message.
  const id = isCounted(idOf(draft)) ? '' : idOf(draft);
  const isSame = ({ message }: Span): boolean =>
    id !== '' &&
    message?.id === id &&
    (!isQueueId(message) || message.destination === draft.head.message!.destination);
  return draft.spans.filter(
    (span) => isSend(span.role) && (isSame(span) || isRetryOf(span, draft.head)),
  );
}

/**
 * Returns the send by which the delivery gave up its message; undefined if there is none. The
 * message was sent to the destination from which it came, to a retry destination of that one, or to
 * a destination of dead letters. The handling failed then, also if no span says so. A forwarder,
 * which sends the message on to another destination under the same id, does not give it up.
 */
export function givenUpBy(draft: Draft): Span | undefined {
  if (!isDelivery(draft)) return undefined;
  const { destination } = draft.head.message!;
  const again = sentAgainBy(draft).find(({ message }) => {
    const to = message!.destination;
    return hasDeadName(to) || (destination !== '' && placeOf(to) === placeOf(destination));
  });
  // A dead-letter destination that is named after the delivery's own destination takes only
  // messages that were given up there.
  const isOwnDead = ({ role, message }: Span): boolean =>
    isSend(role) &&
    message!.destination.startsWith(destination) &&
    hasDeadName(message!.destination);
  return (
    again ??
    (destination === '' || hasDeadName(destination) || isBatch(draft.head)
      ? undefined
      : draft.spans.find(isOwnDead))
  );
}

/**
 * Returns whether the send goes to a retry destination of the one from which `head` took its
 * message. Returns false for batches, because the destination's name does not tell which of several
 * messages was sent again.
 */
const isRetryOf = ({ message: again }: Span, head: Span): boolean => {
  const { destination } = head.message!;
  return (
    !isBatch(head) &&
    /retr/i.test(again!.destination) &&
    destination !== '' &&
    placeOf(again!.destination) === placeOf(destination)
  );
};

/**
 * Returns the span that has the id of the delivered message. This is the consumer's span. If that
 * states no id, it is the send span, provided that this sent only one message.
 */
const saysId = (draft: Draft): Span => {
  const { head } = draft;
  const send = head.message!.id === '' ? causeOf(draft)?.span : null;
  return send && !isBatch(send) ? send : head;
};
const idOf = (draft: Draft): string => saysId(draft).message?.id ?? '';
const causeOf = ({ segment }: Draft): InputCause | undefined =>
  segment.causes.find(({ where }) => where === 'flow');

const isDelivery = ({ head, segment }: Draft): boolean =>
  head.message !== null && head === segment.head && isConsumer(head.role);

export const byCausalTime = (a: Draft, b: Draft): number => {
  const [x, y] = [a.head.start + a.shift, b.head.start + b.shift];
  return x < y ? -1 : x > y ? 1 : order(a.head, b.head);
};

/**
 * Returns a function that gives the first delivery of the subscription to which a delivery belongs.
 * If a message was sent again while it was processed, the next delivery belongs to the same
 * subscription, whatever the new destination is called.
 */
function firstDeliveries(drafts: readonly Draft[]): (draft: Draft) => Draft {
  const passedOn = new Map<string, Draft>();
  for (const draft of drafts)
    for (const send of sentAgainBy(draft)) {
      passedOn.set(send.key, draft);
      if (idOf(draft) === '') continue;
      // The next consumer may still name the first send, if the headers of the message were passed
      // on unchanged.
      const there = hereIs(draft, send.message!.destination);
      if (!passedOn.has(there)) passedOn.set(there, draft);
    }
  if (passedOn.size === 0) return (draft) => draft;
  const passedOnBy = (draft: Draft): Draft | null => {
    const { message, service } = draft.head;
    if (isGivenUp(draft)) return null;
    const id = idOf(draft);
    const isEarlier = (by: Draft | undefined): by is Draft =>
      // Only earlier deliveries count, so that the walk cannot run in a cycle.
      by !== undefined && by.head.service.name === service.name && byCausalTime(by, draft) < 0;
    for (const { key, span } of draft.segment.causes) {
      const by = passedOn.get(key);
      if (
        isEarlier(by) &&
        ((id !== '' && idOf(by) === id) || (span !== null && isRetryOf(span, by.head)))
      )
        return by;
    }
    const by = id === '' ? undefined : passedOn.get(hereIs(draft, message!.destination));
    return isEarlier(by) && idOf(by) === id ? by : null;
  };
  const known = new Map<Draft, Draft>();
  return (draft) => {
    const path: Draft[] = [];
    let at = draft;
    for (let by = passedOnBy(at); by !== null && !known.has(at); by = passedOnBy(at)) {
      path.push(at);
      at = by;
    }
    const first = known.get(at) ?? at;
    for (const one of path) known.set(one, first);
    return first;
  };
}
const hereIs = (draft: Draft, destination: string): string =>
  [idOf(draft), draft.head.service.name, destination].join('\0');

/**
 * Returns a name of the delivered message, '' if nothing identifies it. Several messages of one
 * span differ only by their position.
 */
function messageOf(draft: Draft): string {
  const id = messageNameOf(saysId(draft));
  if (id.startsWith('m')) return id;
  const cause = causeOf(draft);
  return cause === undefined ? '' : sendingOf(cause, draft.head.message!.position);
}
function sendingOf({ key, span }: InputCause, position: string): string {
  if (span === null || !isBatch(span)) return key;
  return position === '' ? '' : `${key}\0${position}`;
}

const isGivenUp = ({ head }: Draft): boolean =>
  head.message!.deadLettered || hasDeadName(head.message!.destination);

/**
 * Matches the part of a destination's name that marks a retry queue. A message that a broker
 * redelivers by a retry queue belongs to the queue after which that retry queue is named.
 */
const RETRY = /(?:^|[._\-/:%])retr(?:y|ies)(?:[._\-:%]?\d+(?:ms|s|m|h)?)?(?=$|[._\-/:%])/gi;
const EDGES = /^[._\-/:%]+/;
const placeOf = (destination: string): string =>
  /retr/i.test(destination)
    ? destination.replace(RETRY, '').replace(EDGES, '') || destination
    : destination;
