import type { WaitingFor } from '../../model/expectation.ts';
import type { Flow, Step } from '../../model/flow.ts';

/**
 * Classifies absences by what the flow itself shows. It runs once something is known to be
 * expected: a stall has one name, and the name says where to look first.
 */
export function classifyAbsences(waiting: readonly WaitingFor[], flow: Flow): WaitingFor[] {
  if (waiting.length === 0) return [];
  const conductor = conductorOf(flow);
  const replied = repliedIn(flow);
  const silent = conductor !== null && hasNothingToWaitFor(conductor, flow, replied);
  return waiting.map((one): WaitingFor => {
    if (one.absence === 'lost-step' || one.absence === 'flow-overdue') return one;
    if (conductor !== null) {
      // A service that took a command and did not answer has to reply; the conductor only waits for
      // it.
      const after = flow.steps.find((step) => step.id === one.afterStepId);
      if (
        after !== undefined &&
        owesReply(after, replied) &&
        (one.service === conductor || one.hopId === null)
      )
        return { ...one, absence: 'missing-reply', service: after.service };
      const reply = flow.hops.find((hop) => hop.id === one.hopId)?.message.kind === 'reply';
      if (silent || reply || one.service === conductor)
        return { ...one, absence: 'orchestrator-silent', service: conductor };
    }
    if (one.absence === 'missing-step' && reachedOthers(flow, one))
      return { ...one, absence: 'consumer-gone' };
    return one;
  });
}

/**
 * Minimum number of commands of a service before it counts as the flow's conductor, unless it was
 * answered.
 */
const MIN_COMMANDS = 2;

/** Returns the service that sends the flow's commands; null if none does, or several do. */
function conductorOf(flow: Flow): string | null {
  const serviceOf = new Map(flow.steps.map((step) => [step.id, step.service]));
  const commands = new Map<string, number>();
  for (const hop of flow.hops) {
    if (hop.message.kind !== 'command' || hop.from === null) continue;
    const from = serviceOf.get(hop.from);
    if (from !== undefined) commands.set(from, (commands.get(from) ?? 0) + 1);
  }
  const [only, ...others] = commands;
  if (only === undefined || others.length > 0) return null;
  const [service, count] = only;
  const answered = flow.steps.some((step) => step.service === service && step.kind === 'reply');
  return answered || count >= MIN_COMMANDS ? service : null;
}

const owesReply = (step: Step, replied: ReadonlySet<string | null>): boolean =>
  step.kind === 'command' && step.status !== 'failed' && !replied.has(step.id);
/** Returns the ids of steps that sent a reply. */
const repliedIn = (flow: Flow): Set<string | null> =>
  new Set(flow.hops.flatMap((hop) => (hop.message.kind === 'reply' ? [hop.from] : [])));

/**
 * Returns whether the conductor is silent: all that it sent was taken and answered, it took the
 * last answer, and did nothing since.
 */
function hasNothingToWaitFor(
  conductor: string,
  flow: Flow,
  replied: ReadonlySet<string | null>,
): boolean {
  const last = flow.steps.reduce((a, b) => (b.start > a.start ? b : a));
  return (
    last.service === conductor &&
    last.kind === 'reply' &&
    !flow.hops.some((hop) => hop.from === last.id || hop.state === 'waiting') &&
    !flow.steps.some((step) => step.status === 'running' || owesReply(step, replied))
  );
}

/**
 * Returns whether other consumers took the message that the missing one should have taken: it no
 * longer subscribes.
 */
function reachedOthers(flow: Flow, waiting: WaitingFor): boolean {
  return (
    waiting.message !== null &&
    flow.hops.some(
      (hop) =>
        hop.from === waiting.afterStepId &&
        hop.to !== null &&
        !hop.sync &&
        // The flow that sent another message took another path, which is not the missing consumer's
        // fault.
        hop.message.destination === waiting.message &&
        hop.message.kind !== 'command',
    )
  );
}
