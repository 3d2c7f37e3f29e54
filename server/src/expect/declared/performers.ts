import type { DefinedStep, Definition } from '../../model/definition.ts';
import type { Flow, Step } from '../../model/flow.ts';
import { msOf } from '../../model/time.ts';

/**
 * Returns the steps of a flow that perform what a definition names. The name is either the name of
 * a step or the type of the message that the step handles.
 */
export type Performers = (name: string, service: string | null) => Step[];

export function performersIn(flow: Flow): Performers {
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

export const isDone = (step: Step): boolean => step.status === 'ok' || step.status === 'retried';
export const endMsOf = ({ start, end }: Step): number => msOf(end ?? start);

/** Returns whether everything that the definition requires was done. */
export function isComplete(definition: Definition, performers: Performers): boolean {
  const done = (step: DefinedStep): boolean => performers(step.name, step.service).some(isDone);
  return definition.steps.every(
    (step) =>
      step.optional ||
      done(step) ||
      (step.choice !== 0 &&
        definition.steps.some((other) => other.choice === step.choice && done(other))),
  );
}

/** Returns whether a step of the definition was attempted and every attempt failed. */
export const hasFailed = (definition: Definition, performers: Performers): boolean =>
  definition.steps.some((step) => {
    const all = performers(step.name, step.service);
    return all.length > 0 && all.every((one) => one.status === 'failed');
  });
