import type { Definition } from '../../model/definition.ts';
import type { WaitingFor } from '../../model/expectation.ts';
import type { Flow, Step } from '../../model/flow.ts';
import { msOf } from '../../model/time.ts';
import { createDeclaredContext, UNTIMED_MS, type DeclaredContext, type Known } from './context.ts';
import { hasFailed, isComplete } from './performers.ts';
import { atMessage, expectSteps } from './steps.ts';

/**
 * Returns what was declared to come next: by a definition of the flow type, by a routing slip, or
 * by the flow itself. The function is pure, and its result has the same shape as learned
 * expectations, so that later stages need not tell the two apart.
 */
export function expectedByDeclaration(
  flow: Flow,
  definition: Definition | null,
  known: Known,
): WaitingFor[] {
  if (flow.outcome !== null && flow.outcome !== 'completed') return [];
  const context = createDeclaredContext(flow, known);
  if (definition !== null) expectSteps(definition, context);
  expectItinerary(context);
  expectAnnounced(context);
  expectEndsOfSteps(context);
  expectEndOfFlow(definition, context);
  return [...context.found];
}

/**
 * Adds the expectation of the next stop of the newest routing slip in the flow, which is the slip
 * with the fewest stops left.
 */
function expectItinerary({ flow, since, expect }: DeclaredContext): void {
  const at = flow.steps
    .filter((step) => step.itinerary.length > 0)
    .reduce<Step | null>(
      (a, b) => (a === null || b.itinerary.length <= a.itinerary.length ? b : a),
      null,
    );
  if (at === null || at.status === 'failed') return;
  for (const name of at.itinerary) {
    const come = flow.steps.some(
      (step) => step.name === name && step.start >= at.start && step !== at,
    );
    if (come) continue;
    const hop = flow.hops.find((one) => one.from === at.id && one.state === 'waiting');
    const sinceMs = since(at);
    return expect(
      {
        id: `${at.id}>slip ${name}`,
        step: name,
        service: null,
        afterStepId: at.id,
        since: sinceMs,
        ...atMessage(hop),
      },
      sinceMs + UNTIMED_MS,
    );
  }
}

/** Adds an expectation for each step that other steps of the flow announced (`expectStep`). */
function expectAnnounced({ flow, performers, known, expect }: DeclaredContext): void {
  for (const said of flow.expects) {
    const come = performers(said.step, said.service).some(
      (step) => msOf(step.start) >= said.saidAtMs,
    );
    if (come) continue;
    const by = flow.steps.find((step) => step.spanIds.includes(said.bySpanId));
    const behindMs = by === undefined ? 0 : known.behindMs(by);
    expect(
      {
        id: `${said.bySpanId}>expects ${said.step}`,
        step: said.step,
        service: said.service,
        afterStepId: by?.id ?? null,
        since: said.saidAtMs + behindMs,
      },
      (said.deadlineMs ?? said.saidAtMs + UNTIMED_MS) + behindMs,
    );
  }
}

/** Adds an expectation of the end of each running step that declared a deadline. */
function expectEndsOfSteps({ flow, known, since, expect }: DeclaredContext): void {
  for (const step of flow.steps)
    if (step.status === 'running' && step.deadlineMs !== null)
      expect(
        {
          id: `${step.id}>end`,
          step: step.name,
          service: step.service,
          afterStepId: step.id,
          since: since(step),
          absence: 'lost-step',
        },
        step.deadlineMs + known.behindMs(step),
      );
}

/**
 * Adds the expectation of the end of the flow by its deadline. The expectation is met by a declared
 * end, or when every step that the definition requires is done.
 */
function expectEndOfFlow(definition: Definition | null, context: DeclaredContext): void {
  const { flow, performers, beginning, expect, found } = context;
  if (flow.outcome !== null) return;
  const within = definition?.withinMs ?? null;
  const byMs = beginning.byMs ?? (within === null ? null : beginning.atMs + within);
  // If another expectation is due before the flow's deadline, the flow is reported only for that
  // expectation.
  if (byMs === null || found.some((one) => one.expectedAt <= byMs)) return;
  // The time limit in a definition applies to success only, because a failed step is reported as a
  // failure.
  if (flow.deadlineMs === null && definition !== null) {
    const isOver = definition.ends.length === 0 && isComplete(definition, performers);
    if (isOver || hasFailed(definition, performers)) return;
  }
  expect(
    {
      id: 'flow>end',
      step: 'the end of the flow',
      service: null,
      afterStepId: null,
      since: beginning.atMs,
      absence: 'flow-overdue',
    },
    byMs,
  );
}
