/**
 * This file exports the functions and types that adapters may use, apart from the names in
 * `semconv.ts`. Users of the package cannot import it; their functions are exported from
 * `index.ts`.
 */
export {
  handleMessage,
  handleOnBehalfOf,
  publishEvent,
  reply,
  sendCommand,
} from './api/messages.ts';
export { attempt } from './core/attempt.ts';
export { preciseNow } from './core/clock.ts';
export { contentId } from './core/content-id.ts';
export { endFailed, endSpanWith, noteFailure, watchWork } from './core/end-span.ts';
export {
  contextWithFlow,
  contextWithMessage,
  flowAttributes,
  flowOf,
  messageIdOf,
} from './core/flow-context.ts';
export { addFlow, withFlowFromHeaders } from './core/foreign-spans.ts';
export {
  declareSending,
  declareStep,
  holdEnd,
  isSuppressed,
  isTaken,
  takeDelivery,
  withoutTracing,
  type Declaration,
  type Handling,
} from './core/frameworks.ts';
export {
  extractHeaders,
  injectHeaders,
  isPropagationHeader,
  type Extracted,
} from './core/headers.ts';
export { wrapListeners, type Listener } from './core/listeners.ts';
export {
  startProcessing,
  startSending,
  type Processing,
  type Sending,
} from './core/message-spans.ts';
export { isWrapped, markTraced, TRACED, withExports } from './core/patching.ts';
export { createPulling, traceIterable } from './core/pulling.ts';
export { createReads, type ReadMessage } from './core/reads.ts';
export { SCOPE } from './core/scope.ts';
export { tracer } from './core/tracer.ts';
export {
  beginHandling,
  endAccepted,
  endRefused,
  endUnlessAcknowledged,
  UNACKNOWLEDGED_AFTER_MS,
} from './core/settling.ts';
export type { IncomingMessage, MessageKind, OutgoingMessage } from './types.ts';
