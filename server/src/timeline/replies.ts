import { groupedBy } from '../base/lists.ts';
import { isTemporary } from '../model/destinations.ts';
import type { Hop, Step } from '../model/flow.ts';

/**
 * Finds replies to requests that were sent as messages, if no client states the kind of message.
 * All functions are pure.
 */

/** Matches destinations that are named after replies, such as `prices.replies`. */
const OF_REPLIES = /(?:^|[._\-/:])(?:repl(?:y|ies)|responses?)$/i;
/** Maximum number of hops that are followed back from a reply to the step that asked. */
const MAX_DEPTH = 32;

/**
 * Marks messages as replies, and the steps that took them: a message to a temporary destination, or
 * to one that is named after replies, answers a request if the service that took it had sent that
 * request. An event without such a request keeps its kind, however its destination is called. Where
 * the sender calls its message a reply, the step that took it is marked without such signs: its
 * service may know the message only by its content, and call it an event.
 */
export function markReplies(steps: readonly Step[], hops: readonly Hop[]): void {
  const answers = hops.filter(
    ({ sync, to, message }) =>
      !sync &&
      to !== null &&
      (message.kind === 'reply' ||
        (message.kind === 'event' &&
          (isTemporary(message.destination) || OF_REPLIES.test(message.destination)))),
  );
  if (answers.length === 0) return;
  const stepOf = new Map(steps.map((step) => [step.id, step]));
  const causesOf = groupedBy(
    hops.filter(({ to }) => to !== null),
    ({ to }) => to!,
  );
  for (const hop of answers) {
    const taker = stepOf.get(hop.to!)!;
    const isSaid = hop.message.kind === 'reply';
    if (!isSaid && !isAnswerTo(taker, hop, stepOf, causesOf)) continue;
    if (!isSaid) hop.message = { ...hop.message, kind: 'reply' };
    if (taker.kind === 'event') taker.kind = 'reply';
  }
}

function isAnswerTo(
  { service, start }: Step,
  hop: Hop,
  stepOf: ReadonlyMap<string, Step>,
  causesOf: ReadonlyMap<string, Hop[]>,
): boolean {
  let by = hop;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const from = by.from === null ? undefined : stepOf.get(by.from);
    // At depth 0, `from` is the step that sent the answer, so it is not the step that asked.
    if (depth > 0 && from?.service === service && from.start < start) return true;
    const above = from && causesOf.get(from.id)?.[0];
    if (above === undefined) return false;
    by = above;
  }
  return false;
}
