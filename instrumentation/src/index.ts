export { defineFlow } from './api/define.ts';
export {
  cancelFlow,
  compensatedFlow,
  completeFlow,
  expectStep,
  failFlow,
  heartbeat,
  startFlow,
} from './api/flow.ts';
export { flush } from './api/flush.ts';
export { handleMessage, publishEvent, reply, sendCommand } from './api/messages.ts';
export { compensate, step } from './api/step.ts';
export { resumeContext, saveContext, type StoredWork } from './api/stored.ts';
export { preciseNow } from './core/clock.ts';
export { contextWithFlow, currentFlow, flowOf, withFlow } from './core/flow-context.ts';
export {
  extractHeaders,
  injectHeaders,
  type Extracted,
  type MessageEnvelope,
} from './core/headers.ts';
export { FlowSpanProcessor } from './core/processor.ts';
export type {
  Flow,
  FlowChoice,
  FlowDefinition,
  FlowOutcome,
  FlowStep,
  IncomingMessage,
  MessageKind,
  OutgoingMessage,
  StepOptions,
} from './types.ts';
