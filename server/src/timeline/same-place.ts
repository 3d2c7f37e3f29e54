import { groupedBy } from '../base/lists.ts';
import type { EvidenceKind } from '../model/flow.ts';
import type { FlowInput, InputSegment } from '../model/flow-input.ts';
import { isNamedById, type FlowKey } from '../model/keys.ts';
import { isBatch, isConsumer, isSend } from '../model/roles.ts';
import type { Message, Span } from '../model/span.ts';

/**
 * Returns the flow with a cause for each delivery that no context, link or message id leads to, if
 * only one message of the flow can have been delivered: the flow sent one message to that place,
 * before, and the service took one from it. Nothing joins by this, and nothing is expected because
 * of it (`expect/learned/digest.ts`). Where several messages or deliveries are possible, nobody
 * knows, and the delivery stays without a cause. The result depends on the flow's spans only.
 */
export function withSamePlaces(input: FlowInput): FlowInput {
  if (!input.segments.some(lacksCause) || !input.segments.some(sends)) return input;
  const sendsTo = groupedBy(
    input.segments.flatMap(({ spans }) => spans.filter(isNamedSend)),
    ({ message }) => message!.destination,
  );
  const takenBy = groupedBy(
    input.segments.filter(({ head }) => isConsumer(head.role)),
    takerOf,
  );
  const segments = input.segments.map((segment): InputSegment => {
    const { head } = segment;
    if (!lacksCause(segment) || takenBy.get(takerOf(segment))!.length > 1) return segment;
    const [send, ...others] = sendsTo.get(head.message!.destination) ?? [];
    if (send === undefined || others.length > 0 || !mayBe(send, head)) return segment;
    const kinds: EvidenceKind[] = [sharedBy(send, head, input.key), 'place'];
    const cause = { kinds, span: send, key: send.key, where: 'flow' as const, flowKey: input.key };
    return { ...segment, causes: [cause] };
  });
  return { ...input, segments };
}

const lacksCause = ({ head, causes, shared }: InputSegment): boolean =>
  causes.length === 0 &&
  isConsumer(head.role) &&
  head.parent === '' &&
  head.links.length === 0 &&
  head.milestone === null &&
  !shared &&
  !isBatch(head) &&
  head.message!.destination !== '';
const isNamedSend = ({ role, message }: Span): boolean =>
  isSend(role) && message!.destination !== '';
const sends = ({ spans }: InputSegment): boolean => spans.some(isNamedSend);
const takerOf = ({ head: { service, message } }: InputSegment): string =>
  [service.name, message!.group, message!.destination].join('\0');

/** Returns whether this message may be the one that was delivered. */
const mayBe = (send: Span, head: Span): boolean => {
  const [sent, taken] = [send.message!, head.message!];
  const isSame = (
    field: keyof Pick<Message, 'id' | 'system' | 'partition' | 'position'>,
  ): boolean => sent[field] === '' || taken[field] === '' || sent[field] === taken[field];
  const takenAt = head.role === 'receive' ? head.end : head.start;
  return (
    !isBatch(send) &&
    send.start <= takenAt &&
    isSame('id') &&
    isSame('system') &&
    isSame('partition') &&
    isSame('position')
  );
};

/** Returns the evidence by which both are in one flow. */
function sharedBy(send: Span, head: Span, key: FlowKey): EvidenceKind {
  if (isNamedById(key)) return 'flow-id';
  if (send.traceId === head.traceId) return 'trace';
  const { conversation } = head.message!;
  return conversation !== '' && send.message!.conversation === conversation
    ? 'conversation'
    : 'identity-key';
}
