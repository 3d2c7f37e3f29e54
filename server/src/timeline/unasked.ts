import type { FlowInput, InputSegment } from '../model/flow-input.ts';
import { TRACE } from '../model/names.ts';
import { isBareConsumer } from '../model/roles.ts';
import type { Role, Span } from '../model/span.ts';

const ASKS_NOTHING: ReadonlySet<Role> = new Set<Role>(['client', 'internal', 'settle']);

/**
 * Returns whether nothing asked for the work of this flow, such as a service's own queries of its
 * database: there was no request and no message, and nobody named a flow, a step or an identity
 * key. If the parent of a span has not arrived, the result is false, because that parent may be the
 * request.
 */
export function isUnasked({ key, segments }: FlowInput): boolean {
  if (!key.startsWith(TRACE)) return false;
  const polls = new Set<string>();
  for (const { head } of segments) if (isBareConsumer(head)) polls.add(head.key);
  return segments.every(
    (segment) =>
      !segment.orphan &&
      segment.spans.every(
        (span) =>
          span.flow === null &&
          span.step === null &&
          span.identities.length === 0 &&
          (ASKS_NOTHING.has(span.role) || polls.has(span.key) || isEmpty(span, segment, polls)),
      ),
  );
}

/**
 * Returns whether a process span inside a poll took no message. The agents that record such spans
 * name each message, but here there is none, because the poll ended with an error.
 */
const isEmpty = (
  { role, links, message }: Span,
  { parent, causes }: InputSegment,
  polls: ReadonlySet<string>,
): boolean =>
  role === 'process' &&
  polls.has(parent) &&
  causes.length === 0 &&
  links.length === 0 &&
  message!.id === '' &&
  message!.position === '' &&
  message!.type === '';
