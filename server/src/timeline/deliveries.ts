import type { Span } from '../model/span.ts';
import type { Draft } from './draft.ts';
import { order, type InputCause } from '../model/flow-input.ts';
import { isBatch, isConsumer, isSend } from '../model/roles.ts';
import { isCounted, messageNameOf } from '../model/keys.ts';

/**
 * Which deliveries are attempts of one step. A delivery is (send, subscription): what one send
 * brings to another destination or group is another subscription, and a step of its own; at the
 * same one it is an attempt. Pure.
 */

/** Attempts of one step share a key; '' is no attempt of anything. */
export function attemptKeys(drafts: readonly Draft[]): (draft: Draft) => string {
  const taking = new Set<string>();
  /** Services to which several deliveries were made: of one alone there is nothing to ask. */
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
    const { group, destination } = first.head.message!;
    // Whoever looks after what was given up has not processed it, be it the same service.
    const afterwards = head.message!.deadLettered ? 'dead' : '';
    const handler = head.step?.name ?? '';
    return [message, head.service.name, group, placeOf(destination), handler, afterwards].join(
      '\0',
    );
  };
}

/**
 * What it sent once more of the message that it was given: the same id says so, or the place, if
 * that is named as the retries of where the message was.
 */
export function sentAgainBy(draft: Draft): Span[] {
  if (!isDelivery(draft)) return [];
  // A counter begins anew at every destination: the same number there is another message.
  const id = isCounted(idOf(draft)) ? '' : idOf(draft);
  return draft.spans.filter(
    (span) =>
      isSend(span.role) && ((id !== '' && span.message?.id === id) || isRetryOf(span, draft.head)),
  );
}

/** Of a single one: which of several was sent again, no name of a place tells. */
const isRetryOf = ({ message: again }: Span, head: Span): boolean => {
  const { destination } = head.message!;
  return (
    !isBatch(head) &&
    /retr/i.test(again!.destination) &&
    destination !== '' &&
    placeOf(again!.destination) === placeOf(destination)
  );
};

/** Some consumers do not say which message they took: its send does, if it sent no other. */
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
 * A message that was sent again while it was processed continues the subscription that passed it
 * on, whatever its new destination is called: the first delivery says which one that is.
 */
function firstDeliveries(drafts: readonly Draft[]): (draft: Draft) => Draft {
  const passedOn = new Map<string, Draft>();
  for (const draft of drafts)
    for (const send of sentAgainBy(draft)) {
      passedOn.set(send.key, draft);
      if (idOf(draft) === '') continue;
      // Whoever takes it from there may name the first sending all the same: its headers were
      // passed on as they were.
      const there = hereIs(draft, send.message!.destination);
      if (!passedOn.has(there)) passedOn.set(there, draft);
    }
  if (passedOn.size === 0) return (draft) => draft;
  const passedOnBy = (draft: Draft): Draft | null => {
    const { message, service } = draft.head;
    if (isGivenUp(draft)) return null;
    const id = idOf(draft);
    const isEarlier = (by: Draft | undefined): by is Draft =>
      // Earlier ones only: there is no way round in a circle.
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

/** Several messages that one span sent are told apart only by where they lie. */
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

const DEAD =
  /dlq|dlx|dead[ ._-]?letter|(?:^|[^a-z])(?:dead|dlt|poison|parked|parking[ ._-]?lot)(?:$|[^a-z])|[^a-z]errors?$/i;
export const hasDeadName = (destination: string): boolean => DEAD.test(destination);
const isGivenUp = ({ head }: Draft): boolean =>
  head.message!.deadLettered || hasDeadName(head.message!.destination);

/** What a broker delivers again by a retry queue was for the queue that this one is named after. */
const RETRY = /(?:^|[._\-/:%])retr(?:y|ies)(?:[._\-:%]?\d+(?:ms|s|m|h)?)?(?=$|[._\-/:%])/gi;
const EDGES = /^[._\-/:%]+/;
const placeOf = (destination: string): string =>
  /retr/i.test(destination)
    ? destination.replace(RETRY, '').replace(EDGES, '') || destination
    : destination;
