import type { DefinedStep, Definition } from '../../model/definition.ts';
import type { WaitingFor } from '../../model/expectation.ts';
import type { Hop, Step } from '../../model/flow.ts';
import { msOf } from '../../model/time.ts';
import type { DeclaredContext } from './context.ts';
import { endMsOf, isDone, type Performers } from './performers.ts';

/**
 * Adds an expectation for each step of the definition that is not done although the steps before it
 * are done.
 */
export function expectSteps(definition: Definition, context: DeclaredContext): void {
  const { performers } = context;
  const saidChoices = new Set<number>();
  for (const step of definition.steps) {
    if (step.optional || saidChoices.has(step.choice)) continue;
    const all = alternativesOf(step, definition);
    if (all.some((one) => doneOf(one, performers).length > 0)) continue;
    // A step that failed is not reported as missing, because its failure is a finding of its own.
    const begun = all.flatMap((one) => performers(one.name, one.service));
    if (begun.some((one) => one.status === 'failed')) continue;
    const causes = causesOf(step, definition, performers);
    if (causes === null) continue;
    const last = causes.reduce<Step | null>(
      (a, b) => (a === null || endMsOf(b) > endMsOf(a) ? b : a),
      null,
    );
    if (ranUnseen(all, last, definition, performers)) continue;
    if (step.choice !== 0) saidChoices.add(step.choice);
    expectOne(step, all, begun.find((one) => one.status === 'running') ?? null, last, context);
  }
}

const doneOf = (step: DefinedStep, performers: Performers): Step[] =>
  performers(step.name, step.service).filter(isDone);

const alternativesOf = (step: DefinedStep, definition: Definition): DefinedStep[] =>
  step.choice === 0 ? [step] : definition.steps.filter((other) => other.choice === step.choice);

/** Returns the steps that `step` comes after, alternatives of a choice together. */
function beforeOf(step: DefinedStep, definition: Definition): DefinedStep[][] {
  const before = new Map<string, DefinedStep[]>();
  for (const name of step.after)
    for (const other of definition.steps.filter((one) => one.name === name))
      before.set(
        other.choice === 0 ? name : `choice ${other.choice}`,
        alternativesOf(other, definition),
      );
  return [...before.values()];
}

/**
 * Returns the done steps that `step` comes after; null if one of them is still missing. Each name
 * in `step.after` must be done; where a name belongs to a choice, one done alternative is enough.
 */
function causesOf(
  step: DefinedStep,
  definition: Definition,
  performers: Performers,
): Step[] | null {
  const before = beforeOf(step, definition);
  const causes = before.map((others) => others.flatMap((one) => doneOf(one, performers)));
  if (causes.some((list) => list.length === 0)) {
    // The step may come without an optional predecessor, if at least one other predecessor is done.
    const optional = before.every(
      (others, i) => causes[i]!.length > 0 || others.every((other) => other.optional),
    );
    if (!optional || causes.every((list) => list.length === 0)) return null;
  }
  return causes.flat();
}

/**
 * Returns whether a step ran although its span never arrived: a step that comes after it began
 * after `last`, the latest of the steps before it, by a message whose sender is not known. Without
 * this rule a flow whose consumer died before it could export would count as stuck for ever,
 * although it ended.
 *
 * If all that is known to have caused the later step is in the flow, the step was left out, and is
 * owed. So it is if the later step waits for several that are missing: the unknown sender may be
 * any of these.
 */
function ranUnseen(
  all: readonly DefinedStep[],
  last: Step | null,
  definition: Definition,
  performers: Performers,
): boolean {
  const isDoneAny = (steps: readonly DefinedStep[]): boolean =>
    steps.some((one) => doneOf(one, performers).length > 0);
  const lost = new Set(all);
  // A set also visits what is added to it meanwhile: steps that were lost after lost ones.
  for (const { name } of lost)
    for (const later of definition.steps) {
      if (!later.after.includes(name) || lost.has(later)) continue;
      const missing = beforeOf(later, definition).filter(
        (steps) => !isDoneAny(steps) && !steps.every(({ optional }) => optional),
      );
      if (missing.length > 1) continue;
      const ran = doneOf(later, performers);
      if (ran.length === 0) lost.add(later);
      else if (
        ran.some(
          ({ badges, start }) =>
            badges.includes('unseen-cause') && (last === null || msOf(start) >= endMsOf(last)),
        )
      )
        return true;
    }
  return false;
}

/**
 * Adds the expectation of one step. If the step has alternatives, `all` has these as well, and any
 * of them meets the expectation. `last` is the latest of the done steps that precede the expected
 * step; null if the expected step is the first.
 */
function expectOne(
  step: DefinedStep,
  all: readonly DefinedStep[],
  running: Step | null,
  last: Step | null,
  context: DeclaredContext,
): void {
  const latest = running ?? last;
  const sinceMs = latest === null ? context.beginning.atMs : context.since(latest);
  const missing = {
    id: `${last?.id ?? 'flow'}>declared ${step.name}`,
    step: step.name,
    service: step.service,
    afterStepId: running?.id ?? last?.id ?? null,
    oneOf: all.length > 1 ? all.map((one) => one.name) : [],
    certain: all.length === 1,
    since: sinceMs,
  };
  const stopped = running
    ? { absence: 'lost-step' as const }
    : atMessage(stoppedAt(all, last, context));
  context.expect({ ...missing, ...stopped }, sinceMs + step.withinMs);
}

/**
 * Returns the message at which the flow stopped: it was sent after `last` began, and nobody has
 * taken it. Returns undefined if there is no such message, or if several destinations are possible.
 */
function stoppedAt(
  all: readonly DefinedStep[],
  last: Step | null,
  { flow, known }: DeclaredContext,
): Hop | undefined {
  const hops = flow.hops.filter(
    (one) =>
      one.state === 'waiting' &&
      !one.sync &&
      (last === null || one.sent >= last.start) &&
      all.some(({ name }) => known.mayTake(name, one.message.destination)),
  );
  return hops.every((one) => one.message.destination === hops[0]!.message.destination)
    ? hops[0]
    : undefined;
}

/** Returns the fields which report that the message of this hop was not taken. */
export const atMessage = (hop: Hop | undefined): Partial<WaitingFor> =>
  hop === undefined
    ? {}
    : { absence: 'undelivered-message', hopId: hop.id, message: hop.message.destination };
