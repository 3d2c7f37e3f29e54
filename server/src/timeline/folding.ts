import { groupedBy, pushAll } from '../base/lists.ts';
import type { Span } from '../model/span.ts';
import type { Draft } from './draft.ts';
import { order } from '../model/flow-input.ts';
import { isBatch, isConsumer, isReceiving, isSend } from '../model/roles.ts';

/** Folds units of work that are one although their spans stand apart. Pure. */

/**
 * Folds a receive span directly above the processing of the same message into that step. In a batch
 * that several flows share, each message belongs to the step that processed it, with its own time;
 * the batch stays a step for messages that no step below names.
 */
export function foldReceives(drafts: readonly Draft[], draftOf: Map<string, Draft>): Draft[] {
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
    // The step was caused by nothing but that receive span, so the causes of that one become its
    // own.
    const own = heir.segment.causes.filter(({ span }) => span !== above.head);
    heir.segment = { ...heir.segment, causes: [...own, ...left] };
    pushAll(heir.spans, shared ? above.spans.slice(1) : above.spans);
    for (const span of above.spans) draftOf.set(span.key, heir);
    into.set(above, heir);
  }
  return without(drafts, into);
}

/**
 * Folds milestones of the flow. They are no work: they appear in the flow's phase and duration and
 * become a step only if nothing else of the flow is known.
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
 * Removes folded drafts. `gone` maps each to the draft it went into, or to null; calls that it made
 * are attributed to that draft, or have no known caller.
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
 * Pairs a receive span with the processing span of the same delivery: a client with spans of its
 * own receives a message, the handler opens another span as the conventions advise, and both name
 * the same send. Each processing is paired with the latest receive before it, or several attempts
 * would become one.
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
 * Returns '' unless send and consumer handle a single message: no send tells several of one span
 * apart.
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

/** Groups processing drafts by the receive span of the same service in which they ran. */
function processingUnder(
  drafts: readonly Draft[],
  draftOf: ReadonlyMap<string, Draft>,
): Map<Draft, Draft[]> {
  const all = new Map<Draft, Draft[]>();
  for (const draft of drafts) {
    if (draft.head.role !== 'process') continue;
    const above = draftOf.get(draft.segment.parent);
    if (above === undefined || !isReceiving(above.head)) continue;
    if (above.head.service.name !== draft.head.service.name) continue;
    const known = all.get(above);
    if (known === undefined) all.set(above, [draft]);
    else known.push(draft);
  }
  return all;
}

/**
 * Returns the one step below that names no message itself, which took what no other step names;
 * null if there are several, as nothing tells which.
 */
function onlyHeir(above: Draft, below: readonly Draft[]): Draft | null {
  const heirs = below.filter(({ segment }) =>
    segment.causes.every(({ span }) => span === above.head),
  );
  return heirs.length === 1 ? heirs[0]! : null;
}
