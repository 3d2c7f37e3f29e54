import type { WaitingFor } from '../model/expectation.ts';
import type { Flow } from '../model/flow.ts';

/**
 * What kind of absence it is, by what the flow itself shows. Asked once it is known that something is owed: a stall has
 * one name, and the name says where to look first.
 */
export function named(waiting: readonly WaitingFor[], flow: Flow): WaitingFor[] {
  if (waiting.length === 0) return [];
  const conductor = conductorOf(flow);
  return waiting.map((one) => {
    if (one.absence === 'lost-step' || one.absence === 'flow-overdue') return one;
    // Whoever gives the commands owes whatever comes next, its own reactions to replies included.
    if (conductor !== null && one.service === conductor) return { ...one, absence: 'orchestrator-silent' };
    if (one.absence === 'missing-step' && reachedOthers(flow, one))
      return { ...one, absence: 'consumer-gone' };
    return one;
  });
}

/** Commands that one service must have sent before it counts as the conductor of a flow. */
const FEWEST_COMMANDS = 2;

/** The service that gives the commands; null where none, or more than one, does. */
export function conductorOf(flow: Flow): string | null {
  const serviceOf = new Map(flow.steps.map((step) => [step.id, step.service]));
  const commands = new Map<string, number>();
  for (const hop of flow.hops) {
    if (hop.message.kind !== 'command' || hop.from === null) continue;
    const from = serviceOf.get(hop.from);
    if (from !== undefined) commands.set(from, (commands.get(from) ?? 0) + 1);
  }
  const [only, ...others] = commands;
  return only !== undefined && others.length === 0 && only[1] >= FEWEST_COMMANDS ? only[0] : null;
}

/** The message that it should have come by was taken by other consumers: this one does not listen any more. */
function reachedOthers(flow: Flow, waiting: WaitingFor): boolean {
  return (
    waiting.message !== null &&
    flow.hops.some(
      (hop) =>
        hop.from === waiting.afterStepId &&
        hop.to !== null &&
        !hop.sync &&
        // Whichever topic it was: a consumer of several that died is one that died.
        hop.message.kind !== 'command',
    )
  );
}
