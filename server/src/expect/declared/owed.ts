import { countWhile, groupedBy } from '../../base/lists.ts';
import type { DefinedStep, Definition } from '../../model/definition.ts';
import type { WaitingFor } from '../../model/expectation.ts';
import type { Flow, Step } from '../../model/flow.ts';
import { msOf } from '../../model/time.ts';
import type { BehindMs } from '../learned/digest.ts';
import { MAX_WAITING, owedSince, waitingFor } from '../waiting-for.ts';

/**
 * What somebody said comes next: a definition of the flow type, a routing slip, or a word of the flow itself. Pure, and
 * of the same shape as what was learned; nobody after this needs to know which of them it was.
 */

/** The name of a step, or the type of a message that it handles: a definition may use either. */
type Doers = (name: string, service: string | null) => Step[];

function doersIn(flow: Flow): Doers {
  const byName = new Map<string, Step[]>();
  const add = (name: string, step: Step): void => {
    const list = byName.get(name);
    if (list === undefined) byName.set(name, [step]);
    else if (!list.includes(step)) list.push(step);
  };
  const byId = new Map(flow.steps.map((step) => [step.id, step]));
  for (const step of flow.steps) add(step.name, step);
  for (const hop of flow.hops) {
    const to = hop.to === null ? undefined : byId.get(hop.to);
    if (to !== undefined && hop.message.type !== '') add(hop.message.type, to);
  }
  return (name, service) =>
    (byName.get(name) ?? []).filter((step) => service === null || step.service === service);
}

const isDone = (step: Step): boolean => step.status === 'ok' || step.status === 'retried';
const endOf = ({ start, end }: Step): number => msOf(end ?? start);

/** A flow as its definition sees it: which steps undo which, and whether it has come to its end. */
export function concluded(flow: Flow, definition: Definition): Flow {
  const seen = withUndoing(flow, definition);
  if (seen.outcome !== null) return seen;
  const doers = doersIn(seen);
  let end: { at: Step; outcome: NonNullable<Flow['outcome']> } | null = null;
  for (const { step, outcome } of definition.ends)
    for (const at of doers(step, null))
      if (isDone(at) && (end === null || at.start < end.at.start)) end = { at, outcome };
  // Without a declared end, everything that must be done being done is one.
  if (end === null && definition.ends.length === 0 && isComplete(definition, doers)) {
    const last = seen.steps.reduce((a, b) => ((b.end ?? b.start) > (a.end ?? a.start) ? b : a));
    end = { at: last, outcome: 'completed' };
  }
  if (end === null || seen.steps.some((step) => step.status === 'running')) return seen;
  const at = end.at.end ?? end.at.start;
  return {
    ...seen,
    phase: 'ended',
    outcome: end.outcome,
    status: end.outcome,
    statusSince: at,
    ended: at,
    idleOutcome: null,
  };
}

function withUndoing(flow: Flow, definition: Definition): Flow {
  const undoneBy = new Map(
    definition.steps.flatMap((step): [string, string][] =>
      step.compensatedBy === null ? [] : [[step.compensatedBy, step.name]],
    ),
  );
  const undoes = (step: Step): string | undefined =>
    step.compensates === null ? undoneBy.get(step.name) : undefined;
  if (!flow.steps.some((step) => undoes(step) !== undefined)) return flow;
  const steps = flow.steps.map((step): Step => {
    const undone = undoes(step);
    return undone === undefined ? step : { ...step, compensates: undone, kind: 'compensation' };
  });
  // Each undoes the newest of that name before it; steps stand in the order of their starts.
  const named = groupedBy(steps, (step) => step.name);
  const undoing = new Map<Step, string[]>();
  for (const undo of steps) {
    const same = named.get(undo.compensates ?? '') ?? [];
    const undone = same[countWhile(same, (step) => step.start <= undo.start) - 1];
    if (undone === undefined || undone === undo) continue;
    const by = undoing.get(undone);
    if (by) by.push(undo.id);
    else undoing.set(undone, [undo.id]);
  }
  const linked = steps.map((step): Step => {
    const by = undoing.get(step);
    return by === undefined ? step : { ...step, compensatedBy: [...new Set([...step.compensatedBy, ...by])] };
  });
  return { ...flow, steps: linked, phase: flow.phase === 'open' ? 'compensating' : flow.phase };
}

function isComplete(definition: Definition, doers: Doers): boolean {
  const done = (step: DefinedStep): boolean => doers(step.name, step.service).some(isDone);
  return definition.steps.every(
    (step) =>
      step.optional ||
      done(step) ||
      (step.choice !== 0 && definition.steps.some((other) => other.choice === step.choice && done(other))),
  );
}

/** What must be undone once something is, and in which order, where a definition says. */
export function declaredDuties(definition: Definition): { owed: Set<string>; order: Set<string> } | null {
  const undoable = definition.steps.filter((step) => step.compensatedBy !== null);
  if (undoable.length === 0) return null;
  const order = new Set<string>();
  if (definition.undoInOrder)
    for (const step of undoable)
      for (const before of ancestorsOf(step, definition)) order.add(`${step.name}\0${before}`);
  return { owed: new Set(undoable.map((step) => step.name)), order };
}

function ancestorsOf(step: DefinedStep, definition: Definition): Set<string> {
  const found = new Set<string>();
  const work = [...step.after];
  for (let name = work.pop(); name !== undefined; name = work.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    work.push(...definition.steps.filter((other) => other.name === name).flatMap((other) => other.after));
  }
  return found;
}

/** A stop of a routing slip, or a word without a time. */
const UNTIMED_MS = 600_000;

/** By what is known, may this step be waiting for a message to this destination? */
export type MayTake = (step: string, destination: string) => boolean;

/** What is known besides the flow and its definition. */
export interface Known {
  /** Nothing is stuck sooner, ms. */
  floorMs: number;
  /** How much later than it happens a step is seen. */
  lagMs: (step: string) => number;
  mayTake: MayTake;
  behindMs: BehindMs;
}

/** Everything declared that is still owed. */
export function declaredOf(flow: Flow, definition: Definition | null, known: Known): WaitingFor[] {
  if (flow.outcome !== null && flow.outcome !== 'completed') return [];
  const doers = doersIn(flow);
  const found: WaitingFor[] = [];
  const since: Since = (step) => {
    const behindMs = known.behindMs(step);
    return step.status === 'running'
      ? owedSince({ behindMs, receivedMs: step.receivedMs }, msOf(step.start))
      : owedSince({ behindMs, receivedMs: step.endHeardMs }, endOf(step));
  };
  const owe = (
    what: Pick<WaitingFor, 'id' | 'step' | 'service' | 'afterStepId' | 'since'> & Partial<WaitingFor>,
    byMs: number,
  ): void => {
    if (found.length >= MAX_WAITING) return;
    const stuckAt = Math.max(what.since + known.floorMs, byMs) + known.lagMs(what.step);
    found.push(
      waitingFor({ expectedAt: byMs, stuckAt, basis: 'declared', absence: 'missing-step', ...what }),
    );
  };
  // Whoever started it said when it should end.
  const first = flow.steps.find((step) => step.start === flow.started);
  const behindMs = first === undefined ? 0 : known.behindMs(first);
  const beginning = {
    atMs: owedSince({ behindMs, receivedMs: first?.receivedMs ?? Infinity }, msOf(flow.started)),
    byMs: flow.deadlineMs === null ? null : flow.deadlineMs + behindMs,
  };
  if (definition !== null) oweDefined(flow, definition, doers, known.mayTake, beginning, since, owe);
  oweSlip(flow, since, owe);
  for (const said of flow.expects) {
    const come = doers(said.step, said.service).some((step) => msOf(step.start) >= said.saidAtMs);
    if (come) continue;
    const by = flow.steps.find((step) => step.spanIds.includes(said.bySpanId));
    const behindMs = by === undefined ? 0 : known.behindMs(by);
    owe(
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
  for (const step of flow.steps)
    if (step.status === 'running' && step.deadlineMs !== null)
      owe(
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
  oweEnd(flow, definition, doers, beginning, (byMs) => found.some((one) => one.expectedAt <= byMs), owe);
  return found;
}

/** When the flow began, and when it should have ended, ms. */
interface Beginning {
  atMs: number;
  byMs: number | null;
}
/** A step is done, or began to run, ms. */
type Since = (step: Step) => number;
type Owe = (
  what: Pick<WaitingFor, 'id' | 'step' | 'service' | 'afterStepId' | 'since'> & Partial<WaitingFor>,
  byMs: number,
) => void;

function oweDefined(
  flow: Flow,
  definition: Definition,
  doers: Doers,
  mayTake: MayTake,
  beginning: Beginning,
  since: Since,
  owe: Owe,
): void {
  const doneOf = (step: DefinedStep): Step[] => doers(step.name, step.service).filter(isDone);
  const alternatives = (step: DefinedStep): DefinedStep[] =>
    step.choice === 0 ? [step] : definition.steps.filter((other) => other.choice === step.choice);
  const saidChoices = new Set<number>();
  for (const step of definition.steps) {
    if (step.optional || saidChoices.has(step.choice)) continue;
    const all = alternatives(step);
    if (all.some((one) => doneOf(one).length > 0)) continue;
    // What failed is not missing; it is a finding of its own.
    const begun = all.flatMap((one) => doers(one.name, one.service));
    if (begun.some((one) => one.status === 'failed')) continue;
    // Each name it comes after was done by somebody; of alternatives, one is enough.
    const before = new Map<string, DefinedStep[]>();
    for (const name of step.after)
      for (const other of definition.steps.filter((one) => one.name === name))
        before.set(other.choice === 0 ? name : `choice ${other.choice}`, alternatives(other));
    const causes = [...before.values()].map((others) => others.flatMap(doneOf));
    if (causes.some((list) => list.length === 0)) {
      // An optional step before it that never came does not hold it up, unless it is all there is.
      const optional = [...before.values()].every(
        (others, i) => causes[i]!.length > 0 || others.every((other) => other.optional),
      );
      if (!optional || causes.every((list) => list.length === 0)) continue;
    }
    const last = causes
      .flat()
      .reduce<Step | null>((a, b) => (a === null || endOf(b) > endOf(a) ? b : a), null);
    const running = begun.find((one) => one.status === 'running');
    const latest = running ?? last;
    const sinceMs = latest === null ? beginning.atMs : since(latest);
    // A message that was sent since, and that nobody took, is where it stopped; which of several, nobody knows.
    const hops = flow.hops.filter(
      (one) =>
        one.state === 'waiting' &&
        !one.sync &&
        (last === null || one.sent >= last.start) &&
        all.some(({ name }) => mayTake(name, one.message.destination)),
    );
    const hop = hops.every((one) => one.message.destination === hops[0]!.message.destination)
      ? hops[0]
      : undefined;
    if (step.choice !== 0) saidChoices.add(step.choice);
    owe(
      {
        id: `${last?.id ?? 'flow'}>declared ${step.name}`,
        step: step.name,
        service: step.service,
        afterStepId: running?.id ?? last?.id ?? null,
        oneOf: all.length > 1 ? all.map((one) => one.name) : [],
        certain: all.length === 1,
        since: sinceMs,
        ...(running
          ? { absence: 'lost-step' as const }
          : hop && {
              absence: 'undelivered-message' as const,
              hopId: hop.id,
              message: hop.message.destination,
            }),
      },
      sinceMs + step.withinMs,
    );
  }
}

/** The newest slip counts: the one with the fewest stops left. */
function oweSlip(flow: Flow, since: Since, owe: Owe): void {
  const at = flow.steps
    .filter((step) => step.itinerary.length > 0)
    .reduce<Step | null>((a, b) => (a === null || b.itinerary.length <= a.itinerary.length ? b : a), null);
  if (at === null || at.status === 'failed') return;
  for (const name of at.itinerary) {
    const come = flow.steps.some((step) => step.name === name && step.start >= at.start && step !== at);
    if (come) continue;
    const hop = flow.hops.find((one) => one.from === at.id && one.state === 'waiting');
    const sinceMs = since(at);
    return owe(
      {
        id: `${at.id}>slip ${name}`,
        step: name,
        service: null,
        afterStepId: at.id,
        since: sinceMs,
        ...(hop && {
          absence: 'undelivered-message' as const,
          hopId: hop.id,
          message: hop.message.destination,
        }),
      },
      sinceMs + UNTIMED_MS,
    );
  }
}

const isOver = (definition: Definition, doers: Doers): boolean =>
  definition.ends.length === 0 && isComplete(definition, doers);
const hasFailed = (definition: Definition, doers: Doers): boolean =>
  definition.steps.some((step) => {
    const all = doers(step.name, step.service);
    return all.length > 0 && all.every((one) => one.status === 'failed');
  });

/** The flow as a whole has a time; a declared end, or all of a definition's steps, meets it. */
function oweEnd(
  flow: Flow,
  definition: Definition | null,
  doers: Doers,
  beginning: Beginning,
  /** Is anything owed before that? It will speak for the whole. */
  sooner: (byMs: number) => boolean,
  owe: Owe,
): void {
  if (flow.outcome !== null) return;
  const within = definition?.withinMs ?? null;
  const byMs = beginning.byMs ?? (within === null ? null : beginning.atMs + within);
  if (byMs === null || sooner(byMs)) return;
  // A definition's time is for what goes well; what failed is said by the failure.
  if (
    flow.deadlineMs === null &&
    definition !== null &&
    (isOver(definition, doers) || hasFailed(definition, doers))
  )
    return;
  owe(
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
