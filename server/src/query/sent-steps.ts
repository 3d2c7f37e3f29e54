import type { Flow, Step } from '../model/flow.ts';

/** A period of a flow, in ms since the start of the flow. */
export interface Part {
  fromMs: number;
  toMs: number;
}

/** Number of steps at the beginning and at the end of a flow that are always sent. */
const ENDS = 50;

/**
 * Chooses the steps of a large flow that are sent, and returns their positions in the flow, in
 * order. Steps that readers look for are chosen first: those that failed, still run, were retried
 * or compensated, or after which something is awaited, and the first and last ones. The remaining
 * ones are taken at equal distances, so that they show the whole flow.
 */
export function sentSteps(flow: Flow, limit: number, part: Part | null): number[] {
  const all = flow.steps.map((_, at) => at);
  const inPart = part === null ? all : all.filter((at) => isIn(flow, flow.steps[at]!, part));
  if (inPart.length <= limit) return inPart;
  const places = new Set(inPart.map((_, i) => i).filter((i) => isEnd(i, inPart.length)));
  const wanted = new Set([
    ...flow.waitingFor.map(({ afterStepId }) => afterStepId),
    ...flow.findings.map(({ stepId }) => stepId),
  ]);
  const isNotable = (at: number): boolean => {
    const { id, status, kind, compensatedBy } = flow.steps[at]!;
    return status !== 'ok' || kind === 'compensation' || compensatedBy.length > 0 || wanted.has(id);
  };
  const notable = inPart.filter((at, i) => places.has(i) || isNotable(at));
  const chosen = new Set(evenly(notable, limit));
  const others = inPart.filter((at) => !chosen.has(at));
  for (const at of evenly(others, limit - chosen.size)) chosen.add(at);
  return inPart.filter((at) => chosen.has(at));
}

const isEnd = (i: number, length: number): boolean => i < ENDS || i >= length - ENDS;

function isIn(flow: Flow, { start, end }: Step, { fromMs, toMs }: Part): boolean {
  const since = (instant: bigint): number => Number(instant - flow.started) / 1e6;
  return since(start) <= toMs && (end === null || since(end) >= fromMs);
}

/** Returns at most `limit` items of the list, at equal distances, in order. */
function evenly<T>(items: readonly T[], limit: number): T[] {
  if (items.length <= limit) return [...items];
  return Array.from({ length: limit }, (_, i) => items[Math.floor((i * items.length) / limit)]!);
}
