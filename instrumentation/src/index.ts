export { preciseNow } from './clock.ts';
export { contextWithFlow, currentFlow, flowOf, withFlow } from './flow-context.ts';
export { FlowSpanProcessor } from './flow-span-processor.ts';
export { extractHeaders, injectHeaders, type Extracted, type MessageEnvelope } from './message-headers.ts';
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
} from './messages.ts';
export type * from './types.ts';
