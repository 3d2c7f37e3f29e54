/**
 * A process as a graph, as BPMN and Step Functions describe it. Nodes without a step (gateways,
 * events, choices) only connect other nodes.
 */
export interface Graph {
  start: string;
  ends: ReadonlySet<string>;
  nodes: ReadonlyMap<string, GraphNode>;
}
export interface GraphNode {
  next: readonly string[];
  /** Set if the node is reached only after all nodes that lead to it. */
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
 * Returns the steps of a graph in the shape of a definitions file. A step is required if the end
 * cannot be reached without it. It comes after the steps without which it cannot be reached itself.
 * So alternatives are optional, and so are steps that only errors lead to. Reachability is computed
 * once for each step, because graphs are small and may contain loops.
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
    // If several steps have one name, the first is kept, because a definition has one step of each
    // name.
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
 * Removes predecessors that would make a step come after itself. This can happen if several steps
 * of the graph have one name.
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
