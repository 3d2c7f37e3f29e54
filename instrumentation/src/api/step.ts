import { context, trace, type Attributes, type Span } from '@opentelemetry/api';
import { preciseNow } from '../core/clock.ts';
import { endSpanWith } from '../core/end-span.ts';
import { flowAttributes, flowOf } from '../core/flow-context.ts';
import { emitMilestone } from '../core/flow-log.ts';
import { tracer } from '../core/tracer.ts';
import * as names from '../semconv.ts';
import type { StepOptions } from '../types.ts';

/**
 * Runs a named piece of work as a step of the current flow. A log event announces the start
 * immediately, so that a step that hangs is visible before its span ends.
 */
export function step<T>(name: string, work: (span: Span) => T, options?: StepOptions): T {
  return runStep(name, options ?? {}, {}, names.EVENT_STEP_STARTED, work);
}

/**
 * Runs work that undoes a step of the current flow. `undoes` is the name or the id of that step.
 */
export function compensate<T>(
  undoes: string,
  work: (span: Span) => T,
  options?: StepOptions & { name?: string },
): T {
  return runStep(
    options?.name ?? `undo ${undoes}`,
    { ...options, kind: 'compensation' },
    { [names.ATTR_STEP_COMPENSATES]: undoes },
    names.EVENT_COMPENSATION_STARTED,
    work,
  );
}

function runStep<T>(
  name: string,
  options: StepOptions,
  extra: Attributes,
  startedEvent: string,
  work: (span: Span) => T,
): T {
  const flow = flowOf(context.active());
  // The flow's attributes are set here, because the application may have set up its SDK without the
  // `FlowSpanProcessor`, which would add them.
  const attributes: Attributes = {
    ...(flow && flowAttributes(flow, 'ambient')),
    [names.ATTR_STEP_NAME]: name,
    [names.ATTR_STEP_KIND]: options.kind ?? 'task',
    ...(options.id !== undefined && { [names.ATTR_STEP_ID]: options.id }),
    ...(options.attempt !== undefined && { [names.ATTR_STEP_ATTEMPT]: options.attempt }),
    ...(options.deadline !== undefined && { [names.ATTR_STEP_DEADLINE]: options.deadline }),
    ...extra,
    ...options.attributes,
  };
  const span = tracer().startSpan(name, { attributes, startTime: preciseNow() });
  const ctx = trace.setSpan(context.active(), span);
  return endSpanWith(
    span,
    ctx,
    () => {
      if (flow) emitMilestone(startedEvent, attributes);
      return work(span);
    },
    work,
  );
}
