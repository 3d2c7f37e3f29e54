export { preciseNow } from './core/clock.ts';
export { contextWithFlow, currentFlow, flowOf, withFlow } from './core/flow-context.ts';
export { FlowSpanProcessor } from './core/processor.ts';
export { extractHeaders, injectHeaders, type Extracted, type MessageEnvelope } from './core/headers.ts';
export {
  cancelFlow,
  compensate,
  compensatedFlow,
  completeFlow,
  defineFlow,
  expectStep,
  failFlow,
  handleMessage,
  heartbeat,
  publishEvent,
  reply,
  sendCommand,
  startFlow,
  step,
} from './api/messages.ts';
export type * from './types.ts';
