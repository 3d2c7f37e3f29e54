import { context, trace } from '@opentelemetry/api';
import { contextWithFlow, flowAttributes, flowOf } from './flow-context.ts';
import { extractHeaders, injectHeaders } from './headers.ts';

/**
 * Adds the current flow to headers, but no trace context: the other instrumentation that makes the
 * spans does that.
 */
export function addFlow<C extends Record<string, unknown>>(headers: C): C {
  if (flowOf(context.active())) injectHeaders(headers, trace.deleteSpan(context.active()));
  return headers;
}

/**
 * Runs a handler in the flow that the message's headers name, and adds that flow to the active
 * span, which another instrumentation made.
 */
export function withFlowFromHeaders<T>(
  headers: Record<string, unknown> | undefined,
  run: () => T,
): T {
  const { flow } = extractHeaders(headers);
  if (flow === undefined) return run();
  trace.getActiveSpan()?.setAttributes(flowAttributes(flow, 'message'));
  return context.with(contextWithFlow(context.active(), flow), run);
}
