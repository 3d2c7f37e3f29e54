import type { Role, Span } from './span.ts';

/**
 * Returns whether spans of this role consume messages. `isSend` returns whether they send messages.
 */
export const isConsumer = (role: Role): boolean => role === 'process' || role === 'receive';
export const isSend = (role: Role): boolean => role === 'send' || role === 'create';
/**
 * Returns whether the span consumed a batch, which may contain messages of several flows. A
 * dependency closure therefore does not extend beyond such a span (`dependency-closure.ts`).
 */
export const isBatchConsumer = (span: Span): boolean => isConsumer(span.role) && isBatch(span);
export const isBatch = (span: Span): boolean =>
  span.message !== null && span.message.batchCount > 1;
/**
 * Returns whether the span's flow id is reliable: set explicitly by code, or read from the headers
 * of a message.
 */
export const hasStrongId = (span: Span): boolean =>
  span.flow !== null && span.flow.id !== '' && span.flow.source !== 'ambient';

/**
 * Returns whether the record is a log event which announces that a message or request is being
 * handled. Its parent is the span of that delivery or request, which arrives only after it has
 * ended.
 */
export const isAnnouncement = ({ role, milestone }: Span): boolean =>
  milestone !== null && (isConsumer(role) || role === 'server');

/**
 * Returns whether two spans report the processing of one message. A framework opens a processing
 * span above that of the library which it calls. The inner one names no message, or the same one.
 */
export const isOneHandling = (outer: Span, inner: Span): boolean =>
  outer.role === 'process' &&
  inner.role === 'process' &&
  outer.service.name === inner.service.name &&
  inner.parentRemote !== true &&
  inner.links.length === 0 &&
  outer.milestone === null &&
  inner.milestone === null &&
  !isBatch(outer) &&
  !isBatch(inner) &&
  SAYS_WHICH.every((field) => {
    const said = inner.message![field];
    return said === '' || said === outer.message![field];
  });
const SAYS_WHICH = ['id', 'destination', 'group', 'type', 'position'] as const;

/**
 * Returns whether the span received messages without a span for each message. Then its child spans
 * show who processed the messages.
 */
export const isReceiving = (span: Span): boolean => span.role === 'receive' || isBareConsumer(span);

/**
 * Returns whether the span surrounds a poll that returned messages. Some clients record such a span
 * without any attributes of the messages.
 */
export const isBareConsumer = ({ role, parent, links, flow, message }: Span): boolean =>
  role === 'process' &&
  parent === '' &&
  links.length === 0 &&
  flow === null &&
  message !== null &&
  message.system === '' &&
  message.destination === '' &&
  message.id === '' &&
  message.type === '' &&
  message.group === '' &&
  message.conversation === '' &&
  message.batchCount === 0;
