import { context, diag, trace, type Attributes } from '@opentelemetry/api';
import { attempt } from '../core/attempt.ts';
import { errorText } from '../core/end-span.ts';
import { contextWithFlow, flowAttributes, flowOf, normalizeFlow } from '../core/flow-context.ts';
import { emitMilestone } from '../core/flow-log.ts';
import * as names from '../semconv.ts';
import type { Flow, FlowOutcome } from '../types.ts';

/**
 * Starts a flow and runs `work` in it. The active span (such as that of the HTTP request) becomes
 * the first step of the flow, and a log event announces the flow to the server immediately. If a
 * flow with this id is already running, `work` becomes part of it.
 */
export function startFlow<T>(given: Flow, work: () => T): T {
  const flow = attempt(() => normalizeFlow(given));
  if (flow === undefined) return work();
  const parent = flowOf(context.active());
  const related: Attributes =
    parent && parent.id !== flow.id
      ? {
          [names.ATTR_FLOW_PARENT_ID]: parent.id,
          ...(parent.type !== undefined && { [names.ATTR_FLOW_PARENT_TYPE]: parent.type }),
        }
      : {};
  const attributes = { ...flowAttributes(flow, 'explicit'), ...related };
  trace.getActiveSpan()?.setAttributes(attributes);
  return context.with(contextWithFlow(context.active(), flow), () => {
    emitMilestone(names.EVENT_FLOW_STARTED, attributes);
    return work();
  });
}

/** Reports that the current flow has reached its end. */
export const completeFlow = (): void => endFlow('completed', names.EVENT_FLOW_COMPLETED);
/** Reports that the current flow has failed and will not be retried. */
export const failFlow = (error?: unknown): void =>
  endFlow('failed', names.EVENT_FLOW_FAILED, error);
export const cancelFlow = (): void => endFlow('cancelled', names.EVENT_FLOW_CANCELLED);
/** Reports that the current flow failed, and that everything it did was undone. */
export const compensatedFlow = (): void => endFlow('compensated', names.EVENT_FLOW_FAILED);

function endFlow(outcome: FlowOutcome, event: string, error?: unknown): void {
  const flow = flowOf(context.active());
  if (flow === undefined) {
    diag.warn(`fermata: ${outcome} without a current flow`);
    return;
  }
  trace.getActiveSpan()?.setAttribute(names.ATTR_FLOW_OUTCOME, outcome);
  emitMilestone(
    event,
    {
      ...flowAttributes(flow, 'explicit'),
      [names.ATTR_FLOW_OUTCOME]: outcome,
      ...(error !== undefined && {
        'error.type': error instanceof Error ? error.name : 'error',
        'exception.message': errorText(error),
      }),
    },
    outcome === 'failed',
  );
}

/** Reports that a long step of the current flow is still working. Call it at intervals. */
export function heartbeat(attributes: Attributes = {}): void {
  const flow = flowOf(context.active());
  if (flow)
    emitMilestone(names.EVENT_FLOW_HEARTBEAT, {
      ...flowAttributes(flow, 'ambient'),
      ...attributes,
    });
}

/**
 * Declares which step comes next in the current flow, and optionally its deadline in epoch ms.
 * `name` must be the name of that step, or the type of the message that it handles.
 */
export function expectStep(name: string, deadline?: number): void {
  const flow = flowOf(context.active());
  if (flow)
    emitMilestone(names.EVENT_FLOW_EXPECTS, {
      ...flowAttributes(flow, 'ambient'),
      [names.ATTR_STEP_NAME]: name,
      ...(deadline !== undefined && { [names.ATTR_STEP_DEADLINE]: deadline }),
    });
}
