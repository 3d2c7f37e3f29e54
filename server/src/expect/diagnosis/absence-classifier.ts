import type { WaitingFor } from '../../model/expectation.ts';
import type { Flow, Step } from '../../model/flow.ts';

/**
 * Returns the expectations with the kind of each absence, as far as the flow itself shows the kind.
 * The kind names the rule that reports the absence, and tells people where to look first.
 */
export function classifyAbsences(waiting: readonly WaitingFor[], flow: Flow): WaitingFor[] {
  if (waiting.length === 0) return [];
  const conductor = conductorOf(flow);
  const replied = repliedIn(flow);
  const silent = conductor !== null && hasNothingToWaitFor(conductor, flow, replied);
  return waiting.map((one): WaitingFor => {
    if (one.absence === 'lost-step' || one.absence === 'flow-overdue') return one;
    if (conductor !== null) {
      // A service that took a command and did not answer has to reply. The conductor, which only
      // waits for that reply, is not to blame.
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
 * Minimum number of commands that a service must send to count as the flow's conductor. A service
 * that was sent a reply counts as the conductor even if it sent fewer commands.
 */
const MIN_COMMANDS = 2;

/**
 * Returns the service that sends the flow's commands; null if no service does, or several services
 * do.
 */
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
 * Returns whether the conductor is silent although it has nothing to wait for. That is so if all
 * that the conductor sent was taken and answered, and the conductor did nothing after the last
 * answer.
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
 * Returns whether other consumers took the message that the missing consumer should have taken. If
 * so, the missing consumer no longer subscribes.
 */
function reachedOthers(flow: Flow, waiting: WaitingFor): boolean {
  return (
    waiting.message !== null &&
    flow.hops.some(
      (hop) =>
        hop.from === waiting.afterStepId &&
        hop.to !== null &&
        !hop.sync &&
        // If the flow sent another message instead, the flow took another path, which is not the
        // fault of the missing consumer.
        hop.message.destination === waiting.message &&
        hop.message.kind !== 'command',
    )
  );
}
