/**
 * A process as a graph, as BPMN and Step Functions describe it. Nodes that are no step of a service
 * (gateways, events, choices) only lead on.
 */
export interface Graph {
  start: string;
  ends: ReadonlySet<string>;
  nodes: ReadonlyMap<string, GraphNode>;
}
export interface GraphNode {
  next: readonly string[];
  /** Set if the node waits for everything that leads to it. */
  joins?: true;
  step?: { name: string; seconds?: number; compensatedBy?: string };
}

interface Step {
  name: string;
  after?: string[];
  within?: string;
  optional?: true;
  compensatedBy?: string;
}

/**
 * Returns the steps of a graph in the shape of a definitions file. A step has to run if the end
 * cannot be reached without it, and comes after those without which it cannot be reached itself. So
 * of alternatives none is owed, nor is what only errors lead to. The test is repeated for each
 * step, because graphs are small and loops allowed.
 */
export function stepsOfGraph({ start, ends, nodes }: Graph): Step[] {
  const before = predecessorsOf(nodes);
  const reachedWithout = (left: string | null): ReadonlySet<string> => {
    const reached = new Set<string>(start === left ? [] : [start]);
    for (let size = -1; size !== reached.size;) {
      size = reached.size;
      for (const [id, { joins }] of nodes) {
        if (id === left || reached.has(id)) continue;
        const from = before.get(id) ?? [];
        const isReached = joins
          ? from.every((one) => reached.has(one))
          : from.some((one) => reached.has(one));
        if (from.length > 0 && isReached) reached.add(id);
      }
    }
    return reached;
  };
  const all = reachedWithout(null);
  const steps = [...nodes].filter(([, { step }]) => step !== undefined).map(([id]) => id);
  const without = new Map(steps.map((id) => [id, reachedWithout(id)]));
  const reachesEnd = (reached: ReadonlySet<string>): boolean =>
    [...ends].some((end) => reached.has(end));
  const needs = (id: string): string[] =>
    all.has(id)
      ? steps.filter((one) => one !== id && all.has(one) && !without.get(one)!.has(id))
      : [];
  const needed = new Map(steps.map((id) => [id, needs(id)]));
  const nameOf = (id: string): string => nodes.get(id)!.step!.name;

  const found = new Map<string, Step>();
  for (const id of steps) {
    const { name, seconds = 0, compensatedBy } = nodes.get(id)!.step!;
    const own = needed.get(id)!;
    const nearest = own.filter((one) => !own.some((other) => needed.get(other)!.includes(one)));
    const after = [...new Set(nearest.map(nameOf))].filter((one) => one !== name);
    const isOwed = all.has(id) && reachesEnd(all) && !reachesEnd(without.get(id)!);
    // Of steps with one name the first counts: a definition has one step of a name.
    if (found.has(name)) continue;
    found.set(name, {
      name,
      ...(after.length > 0 && { after }),
      ...(seconds > 0 && { within: `${seconds}s` }),
      ...(!isOwed && { optional: true as const }),
      ...(compensatedBy !== undefined && { compensatedBy }),
    });
  }
  return withoutCircles([...found.values()]);
}

function predecessorsOf(nodes: Graph['nodes']): Map<string, string[]> {
  const before = new Map<string, string[]>();
  for (const [id, { next }] of nodes)
    for (const to of next) before.set(to, [...(before.get(to) ?? []), id]);
  return before;
}

/**
 * Leaves out causes that come round to the step itself, which several steps of one name can make.
 */
function withoutCircles(steps: Step[]): Step[] {
  const byName = new Map(steps.map((step) => [step.name, step]));
  const leadsTo = (from: string, to: string, seen = new Set<string>()): boolean => {
    if (from === to) return true;
    if (seen.has(from)) return false;
    seen.add(from);
    return (byName.get(from)?.after ?? []).some((one) => leadsTo(one, to, seen));
  };
  for (const step of steps) {
    const after = step.after?.filter((one) => byName.has(one) && !leadsTo(one, step.name));
    if (after === undefined || after.length === 0) delete step.after;
    else step.after = after;
  }
  return steps;
}
