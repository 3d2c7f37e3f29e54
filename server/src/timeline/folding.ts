import { groupedBy, pushAll } from '../base/lists.ts';
import type { Span } from '../model/span.ts';
import type { Draft } from './draft.ts';
import { order } from '../model/flow-input.ts';
import { isBatch, isConsumer, isReceiving, isSend } from '../model/roles.ts';

/** Which units of work are one, although their spans stand apart. Pure. */

/**
 * A receive span directly above the processing of the same message is part of that step. Of a batch
 * that other flows share, each message is told by whoever processed it, in its own time; the batch
 * stays a step for those that nobody below names.
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
    // Caused by nothing but that receive span: what caused that one caused the step.
    const own = heir.segment.causes.filter(({ span }) => span !== above.head);
    heir.segment = { ...heir.segment, causes: [...own, ...left] };
    pushAll(heir.spans, shared ? above.spans.slice(1) : above.spans);
    for (const span of above.spans) draftOf.set(span.key, heir);
    into.set(above, heir);
  }
  return without(drafts, into);
}

/**
 * What is said of a flow is no work: where there is any, it is in the flow's phase and duration,
 * and no step. Of a flow of which nothing else is known it is one.
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
 * `gone`: into which other one, or null. What they called was called by that one, or by nobody who
 * is known.
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
 * Who is handed a message by a client with spans of its own, and opens one for the handling as the
 * conventions advise, names the same send in both: one handling. Each is paired with the latest
 * receive before it, or attempts would be one.
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
/** Of a single message alone: several that one span sent, or took, are told apart by no send. */
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

/** Of one service, by the receive span that they happened in. */
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
 * Who names no message itself took what nobody names, if it is the only one: of several, nothing
 * says which.
 */
function onlyHeir(above: Draft, below: readonly Draft[]): Draft | null {
  const heirs = below.filter(({ segment }) =>
    segment.causes.every(({ span }) => span === above.head),
  );
  return heirs.length === 1 ? heirs[0]! : null;
}
