import type { Role, Span } from './span.ts';

/** What a span does to messages, by its role alone. */
export const isConsumer = (role: Role): boolean => role === 'process' || role === 'receive';
export const isSend = (role: Role): boolean => role === 'send' || role === 'create';
/**
 * Consumes for several flows by its nature: where "what decides together" is cut
 * (`dependency-closure.ts`).
 */
export const isBatchConsumer = (span: Span): boolean => isConsumer(span.role) && isBatch(span);
export const isBatch = (span: Span): boolean =>
  span.message !== null && span.message.batchCount > 1;
/** The id counts as evidence of its own: set by hand, or read from the message's headers. */
export const hasStrongId = (span: Span): boolean =>
  span.flow !== null && span.flow.id !== '' && span.flow.source !== 'ambient';

/**
 * It opened what it was given, and says nothing of the message itself: who took it is said below.
 */
export const isReceiving = (span: Span): boolean => span.role === 'receive' || isBareConsumer(span);

/** Some clients open a span around each poll that found something, without a word on what. */
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
