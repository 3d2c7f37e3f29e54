import type { Role, Span } from './span.ts';

/** Tells by the role alone what a span does to messages. */
export const isConsumer = (role: Role): boolean => role === 'process' || role === 'receive';
export const isSend = (role: Role): boolean => role === 'send' || role === 'create';
/**
 * Is true for a consumer of a batch, which by its nature serves several flows. A dependency closure
 * ends there (`dependency-closure.ts`).
 */
export const isBatchConsumer = (span: Span): boolean => isConsumer(span.role) && isBatch(span);
export const isBatch = (span: Span): boolean =>
  span.message !== null && span.message.batchCount > 1;
/**
 * Tells whether the flow id is evidence of its own: set by hand, or read from the message's
 * headers.
 */
export const hasStrongId = (span: Span): boolean =>
  span.flow !== null && span.flow.id !== '' && span.flow.source !== 'ambient';

/**
 * Is true for a span that received messages without telling about them; the spans below it tell who
 * processed them.
 */
export const isReceiving = (span: Span): boolean => span.role === 'receive' || isBareConsumer(span);

/**
 * Some clients open a span around each poll that returned messages, without any attribute of them.
 */
const isBareConsumer = ({ role, parent, links, flow, message }: Span): boolean =>
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
