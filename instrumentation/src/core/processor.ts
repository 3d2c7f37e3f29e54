import type { Attributes, Context, Span } from '@opentelemetry/api';
import { ATTR_FLOW_ID } from '../semconv.ts';
import { flowAttributes, flowOf } from './flow-context.ts';

/**
 * Adds, to every span, the flow of the span's context. The flow is marked as `ambient`, the weakest
 * evidence, because contexts leak. A span that already names a flow keeps that flow. The class fits
 * the SpanProcessor of SDK 2.x and 3.x, and depends on neither.
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
