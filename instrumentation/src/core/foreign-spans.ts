import { context, trace } from '@opentelemetry/api';
import { contextWithFlow, flowAttributes, flowOf } from './flow-context.ts';
import { extractHeaders, injectHeaders } from './headers.ts';

/**
 * Adds the current flow to headers. Trace context is left to the other instrumentation that makes
 * the spans.
 */
export function addFlow<C extends Record<string, unknown>>(headers: C): C {
  if (flowOf(context.active())) injectHeaders(headers, trace.deleteSpan(context.active()));
  return headers;
}

/** Runs a handler in the flow of the message's headers, and puts that flow onto the active span. */
export function withFlowFromHeaders<T>(
  headers: Record<string, unknown> | undefined,
  run: () => T,
): T {
  const { flow } = extractHeaders(headers);
  if (flow === undefined) return run();
  trace.getActiveSpan()?.setAttributes(flowAttributes(flow, 'message'));
  return context.with(contextWithFlow(context.active(), flow), run);
}
