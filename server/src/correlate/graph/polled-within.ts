import { groupedBy } from '../../base/lists.ts';
import type { InputSegment } from '../../model/flow-input.ts';
import { isSend } from '../../model/roles.ts';

/**
 * Corrects processing spans that begin before they have a message. Some clients wait for a message
 * and handle it in one call, and open the processing span before they wait. The poll that got the
 * message is then a span of its own beside it, which lies within its time. Both are one delivery,
 * which begins when the poll ends. Otherwise the handling would begin before the message was sent,
 * as if a clock were wrong, and would seem to take as long as the wait. The function is pure.
 */
export function withoutPollsWithin(segments: readonly InputSegment[]): InputSegment[] {
  if (!segments.some(({ head }) => head.role === 'receive')) return [...segments];
  const merged = new Map<InputSegment, InputSegment | null>();
  for (const [key, group] of groupedBy(segments, sendAndTaker)) {
    if (key === '' || group.length === 1 || group.length > MAX_GROUP) continue;
    for (const process of group) {
      if (process.head.role !== 'process') continue;
      const polls = group.filter((poll) => isWithin(poll, process));
      const [poll] = polls;
      if (poll === undefined || polls.length > 1 || merged.has(poll)) continue;
      merged.set(process, withPoll(process, poll));
      merged.set(poll, null);
    }
  }
  return segments.flatMap((segment) => {
    const one = merged.get(segment);
    return one === undefined ? [segment] : one === null ? [] : [one];
  });
}

/** Maximum number of deliveries of one send to one service that are compared with each other. */
const MAX_GROUP = 100;

function withPoll(process: InputSegment, poll: InputSegment): InputSegment {
  const head = { ...process.head, start: poll.head.end };
  // The poll belongs to the step of the span in which it ran.
  const within = { ...poll.head, parent: head.key };
  const spans = [head, ...process.spans.slice(1), within, ...poll.spans.slice(1)];
  return { ...process, head, spans };
}

/** Returns a key of the one send and the service; '' if the segment handled several messages. */
const sendAndTaker = ({ head, causes: [cause, ...others] }: InputSegment): string =>
  cause?.span && isSend(cause.span.role) && others.length === 0
    ? `${cause.key} ${head.service.name}`
    : '';

const isWithin = ({ head: poll }: InputSegment, { head: process }: InputSegment): boolean =>
  poll.role === 'receive' &&
  poll.parent !== process.key &&
  poll.start >= process.start &&
  poll.end <= process.end &&
  poll.end > poll.start;
