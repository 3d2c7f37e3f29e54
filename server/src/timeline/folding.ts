import { groupedBy, pushAll } from '../base/lists.ts';
import type { Span } from '../model/span.ts';
import type { Draft } from './draft.ts';
import { order } from '../model/flow-input.ts';
import { isBatch, isBatchConsumer, isConsumer, isReceiving, isSend } from '../model/roles.ts';

/**
 * Folds drafts that are one unit of work although their spans are not parent and child in one
 * segment.
 */

/**
 * Folds a receive span into the step that processed its message. If several flows share a received
 * batch, each of its messages belongs to the step that processed that message, and has the times of
 * that step. A batch stays a step of its own if it has messages that no processing step below it
 * names.
 */
export function foldReceives(all: readonly Draft[], draftOf: Map<string, Draft>): Draft[] {
  const drafts = foldPolls(all, draftOf);
  const into = new Map<Draft, Draft>();
  const under = processingUnder(drafts, draftOf);
  for (const [receive, process] of besideEachOther(drafts)) {
    if (under.has(receive)) continue;
    pushAll(process.spans, receive.spans);
    for (const span of receive.spans) draftOf.set(span.key, process);
    into.set(receive, process);
  }
  for (const [above, below] of under) {
    const told = new Set(below.flatMap(({ segment }) => segment.causes.map(({ key }) => key)));
    const left = above.segment.causes.filter(({ key }) => !told.has(key));
    const { shared } = above.segment;
    const heir = shared && left.length > 0 ? onlyHeir(above, below) : below[0]!;
    if (heir === null) {
      above.segment = { ...above.segment, causes: left };
      continue;
    }
    // The receive span is dropped from the causes of the step below it, and the causes of the
    // receive span take its place.
    const own = heir.segment.causes.filter(({ span }) => span !== above.head);
    heir.segment = { ...heir.segment, causes: [...own, ...left] };
    pushAll(heir.spans, shared ? above.spans.slice(1) : above.spans);
    for (const span of above.spans) draftOf.set(span.key, heir);
    into.set(above, heir);
  }
  return without(drafts, into);
}

/**
 * Folds a poll into the delivery of the one message that it returned. Some clients record a span
 * for each message, and the span of the poll links to it. A delivery may link to an earlier attempt
 * in the same way, but that attempt began before the delivery, whereas a poll begins before what it
 * links to. A span without duration is no poll.
 */
function foldPolls(drafts: readonly Draft[], draftOf: Map<string, Draft>): readonly Draft[] {
  const into = new Map<Draft, Draft>();
  const fold = (poll: Draft, delivery: Draft): void => {
    pushAll(delivery.spans, poll.spans);
    for (const span of poll.spans) draftOf.set(span.key, delivery);
    into.set(poll, delivery);
  };
  for (const draft of drafts) {
    const { head, segment } = draft;
    const [cause] = segment.causes;
    const received = cause?.span;
    if (head.role !== 'receive' || received?.role !== 'receive' || segment.causes.length > 1)
      continue;
    const delivery = draftOf.get(received.key);
    const isPoll =
      received.service.name === head.service.name &&
      received.start >= head.start &&
      head.end > head.start;
    if (!isPoll || delivery === undefined || delivery === draft || into.has(delivery)) continue;
    const above = draftOf.get(segment.parent);
    fold(draft, delivery);
    if (above?.head.role === 'receive' && above !== delivery && above.segment.causes.length === 0)
      fold(above, delivery);
  }
  return into.size === 0 ? drafts : without(drafts, into);
}

/**
 * Folds drafts that consist of milestones of the flow. Such milestones are not work. They show in
 * the flow's phase and duration. Only if the flow has nothing else, all of them together become one
 * step.
 */
export function foldWhatIsSaid(drafts: readonly Draft[]): Draft[] {
  const said = drafts.filter(({ spans }) => spans.every(isSaidOfFlow));
  if (said.length === 0) return [...drafts];
  const into = new Map<Draft, Draft | null>();
  if (said.length < drafts.length) for (const draft of said) into.set(draft, null);
  else
    for (const draft of said.slice(1)) {
      pushAll(said[0]!.spans, draft.spans);
      into.set(draft, said[0]!);
    }
  return without(drafts, into);
}
export const isSaidOfFlow = ({ milestone }: Span): boolean =>
  milestone?.startsWith('flow-') ?? false;

/**
 * Returns the drafts without those that were folded. `gone` maps a folded draft to the draft that
 * took its spans, or to null if none did. Calls made by a folded draft are attributed to the draft
 * that took its spans; without such a draft they have no known caller.
 */
function without(drafts: readonly Draft[], gone: ReadonlyMap<Draft, Draft | null>): Draft[] {
  if (gone.size === 0) return [...drafts];
  for (const draft of drafts) {
    const into = draft.calledBy === null ? undefined : gone.get(draft.calledBy.from);
    if (into === undefined) continue;
    draft.calledBy = into === null ? null : { ...draft.calledBy!, from: into };
  }
  return drafts.filter((draft) => !gone.has(draft));
}

/**
 * Pairs receive spans with the processing spans of the same deliveries. A client library with spans
 * of its own receives a message, and the handler opens another span, as the conventions of
 * OpenTelemetry advise; both spans name the same send. A processing span is paired with the latest
 * receive span before it, because otherwise several attempts would become one.
 */
function besideEachOther(drafts: readonly Draft[]): Map<Draft, Draft> {
  const pairs = new Map<Draft, Draft>();
  if (!drafts.some(({ head }) => head.role === 'receive')) return pairs;
  for (const [key, group] of groupedBy(drafts, sendAndTaker)) {
    if (key === '' || group.length === 1) continue;
    const waiting: Draft[] = [];
    for (const draft of group.sort(byStart)) {
      if (draft.head.role === 'receive') waiting.push(draft);
      else {
        const at = waiting.findLastIndex((receive) => mayBeOneHandling(receive.head, draft.head));
        if (at >= 0) pairs.set(waiting.splice(at, 1)[0]!, draft);
      }
      if (waiting.length > MAX_WAITING) waiting.shift();
    }
  }
  return pairs;
}
const MAX_WAITING = 32;
/**
 * Returns a key of the draft's send and service. Returns '' if the send or the consumer handles
 * several messages, because the send then does not tell which message was processed.
 */
const sendAndTaker = ({ head, segment }: Draft): string => {
  const [cause, ...others] = segment.causes;
  const isSingle =
    cause?.span && isSend(cause.span.role) && !isBatch(cause.span) && others.length === 0;
  const tookOne = !segment.shared && head.links.length <= 1 && !isBatch(head);
  return isSingle && tookOne && head === segment.head && isConsumer(head.role)
    ? `${cause.key} ${head.service.name}`
    : '';
};
const byStart = (a: Draft, b: Draft): number => order(a.head, b.head);
const mayBeOneHandling = ({ message: a }: Span, { message: b }: Span): boolean =>
  isAlike(a!.destination, b!.destination) && isAlike(a!.group, b!.group);
const isAlike = (a: string, b: string): boolean => a === '' || b === '' || a === b;

/** Groups processing drafts by the receive span above them, if both are of one service. */
function processingUnder(
  drafts: readonly Draft[],
  draftOf: ReadonlyMap<string, Draft>,
): Map<Draft, Draft[]> {
  const all = new Map<Draft, Draft[]>();
  for (const draft of drafts) {
    if (draft.head.role !== 'process') continue;
    const above = draftOf.get(draft.segment.parent);
    if (above === undefined || !(isReceiving(above.head) || isBatchConsumer(above.head))) continue;
    if (above.head.service.name !== draft.head.service.name) continue;
    const known = all.get(above);
    if (known === undefined) all.set(above, [draft]);
    else known.push(draft);
  }
  return all;
}

/**
 * Returns the one step below the batch that names no message itself, and so took the messages that
 * no other step names. Returns null if there are none or several such steps, because then it is
 * unknown which of them took the messages.
 */
function onlyHeir(above: Draft, below: readonly Draft[]): Draft | null {
  const heirs = below.filter(({ segment }) =>
    segment.causes.every(({ span }) => span === above.head),
  );
  return heirs.length === 1 ? heirs[0]! : null;
}
