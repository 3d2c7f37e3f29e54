import type { Attributes, Context, Span } from '@opentelemetry/api';
import { ATTR_FLOW_ID } from '../semconv.ts';
import { flowAttributes, flowOf } from './flow-context.ts';

/**
 * Stamps every span with the flow of its context (as `ambient`, the weakest evidence: contexts
 * leak). A span that already names its flow keeps it. Fits the SpanProcessor of SDK 2.x and 3.x;
 * depends on neither.
 */
export class FlowSpanProcessor {
  onStart(span: Span & { attributes?: Attributes }, parent: Context): void {
    const flow = flowOf(parent);
    if (flow === undefined || span.attributes?.[ATTR_FLOW_ID] !== undefined) return;
    span.setAttributes(flowAttributes(flow, 'ambient'));
  }
  onEnd(): void {}
  forceFlush(): Promise<void> {
    return Promise.resolve();
  }
  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}
