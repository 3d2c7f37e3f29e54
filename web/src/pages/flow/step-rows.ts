import type { Flow, Step, WaitingFor } from '@fermata/server/contract';
import type { Interval } from '../../timeline/scale.ts';
import { awaitedSteps, msSince } from '../../timeline/times.ts';

/** A row of the list of steps: a step, a gap for steps that are not loaded, or an awaited step. */
export type StepRow =
  | { kind: 'step'; step: Step }
  | { kind: 'gap'; count: number; part: Interval }
  | { kind: 'awaited'; waiting: WaitingFor };

export function stepRows(flow: Flow): StepRow[] {
  const since = msSince(flow.startedAtUnixNano);
  const { steps, stepPlaces } = flow;
  const rows = steps.flatMap((step, i): StepRow[] => {
    const row: StepRow = { kind: 'step', step };
    if (stepPlaces === undefined) return [row];
    const before = i === 0 ? -1 : stepPlaces[i - 1]!;
    const count = stepPlaces[i]! - before - 1;
    if (count === 0) return [row];
    // A step stands behind its cause, even if it began before that (by its clock).
    const at = since(step.startUnixNano);
    const beforeAt = i === 0 ? 0 : since(steps[i - 1]!.startUnixNano);
    const part = {
      from: Math.max(0, Math.min(at, beforeAt)),
      to: Math.max(0.001, at, beforeAt),
    };
    return [{ kind: 'gap', count, part }, row];
  });
  return [...rows, ...awaitedSteps(flow).map((waiting): StepRow => ({ kind: 'awaited', waiting }))];
}

/** Adds the steps and hops that were loaded for an interval to those of the flow. */
export function mergePart(flow: Flow, part: Flow | null): Flow {
  if (part === null || flow.stepPlaces === undefined || part.id !== flow.id) return flow;
  const at = new Map<number, Step>();
  for (const one of [flow, part])
    one.steps.forEach((step, i) => at.set(one.stepPlaces?.[i] ?? i, step));
  const places = [...at.keys()].sort((a, b) => a - b);
  const hops = new Map([...flow.hops, ...part.hops].map((hop) => [hop.id, hop]));
  return {
    ...flow,
    steps: places.map((place) => at.get(place)!),
    stepPlaces: places,
    hops: [...hops.values()],
  };
}
