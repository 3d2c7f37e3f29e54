import type { Draft } from './drafts.ts';
import type { InputCause } from './flow-input.ts';

/** Which deliveries are attempts of one step. Pure. */

/** Deliveries of one message to one handler share this; '' where it is no delivery. */
export function attemptKeyOf(draft: Draft): string {
  const { head, segment } = draft;
  const { message } = head;
  if (message === null || head !== segment.head || (head.role !== 'process' && head.role !== 'receive'))
    return '';
  const cause = segment.causes.find((c) => c.where === 'flow');
  const of = message.id !== '' ? message.id : cause === undefined ? '' : sendingOf(cause, message.position);
  if (of === '') return '';
  const place = cause ? '' : message.destination;
  // Whoever looks after what was given up has not processed it, be it the same service.
  const afterwards = message.deadLettered ? 'dead' : '';
  return [of, head.service.name, message.group, head.step?.name ?? '', place, afterwards].join('\0');
}

/** One span that sent several messages tells them apart only by where they lie. */
function sendingOf({ key, span }: InputCause, position: string): string {
  if ((span?.message?.batchCount ?? 0) <= 1) return key;
  return position === '' ? '' : `${key}\0${position}`;
}
