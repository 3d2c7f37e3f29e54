import type { Attributes, Context, Span } from '@opentelemetry/api';
import { ATTR_FLOW_ID } from '../semconv.ts';
import { flowAttributes, flowOf } from './flow-context.ts';

/**
 * Adds the current flow to every span that names no flow itself. The flow is marked as `ambient`,
 * the weakest evidence, because a context can leak into unrelated work. The class fits the
 * `SpanProcessor` of SDK 2.x and 3.x without importing either.
 */
export class FlowSpanProcessor {
  onStart(span: Span & { attributes?: Attributes }, parent: Context): void {
    if (span.attributes?.[ATTR_FLOW_ID] !== undefined) return;
    const flow = flowOf(parent);
    if (flow !== undefined) span.setAttributes(flowAttributes(flow, 'ambient'));
  }
  onEnd(): void {}
  forceFlush(): Promise<void> {
    return Promise.resolve();
  }
  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}
