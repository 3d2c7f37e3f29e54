import { z } from 'zod';
import { stepsOfGraph, type GraphNode } from './graph.ts';

/**
 * This file reads a state machine of AWS Step Functions (the Amazon States Language,
 * https://states-language.net) as a declared flow. Task states become steps. States that the
 * machine executes itself (Pass, Wait, Choice) do not. Steps that only a Catch leads to are
 * optional, and so are the steps of a Map, because a Map may run them zero times.
 */
const machine: z.ZodType<Machine> = z.lazy(() =>
  z.object({
    StartAt: z.string().min(1).max(200),
    States: z.record(z.string().min(1).max(200), state),
    TimeoutSeconds: z.number().nonnegative().optional(),
  }),
);
const state = z.object({
  Type: z.string().max(40),
  Next: z.string().optional(),
  End: z.boolean().optional(),
  Default: z.string().optional(),
  Choices: z
    .array(z.object({ Next: z.string().optional() }))
    .max(200)
    .optional(),
  Branches: z
    .array(z.lazy(() => machine))
    .max(50)
    .optional(),
  Iterator: z.lazy(() => machine).optional(),
  ItemProcessor: z.lazy(() => machine).optional(),
  TimeoutSeconds: z.number().nonnegative().optional(),
});
type State = z.infer<typeof state>;
interface Machine {
  StartAt: string;
  States: Record<string, State>;
  TimeoutSeconds?: number | undefined;
}

export const statesSchema = z.strictObject({
  name: z.string().min(1).max(200),
  definition: machine,
});

/** Maximum number of states of a machine, because the cost grows with its square. */
const MAX_STATES = 300;

/** Returns the machine in the shape of a definitions file; null if it has too many states. */
export function fromStatesLanguage({
  name,
  definition,
}: z.infer<typeof statesSchema>): Record<string, unknown> | null {
  const nodes = new Map<string, GraphNode>();
  const END = 'end';
  nodes.set(END, { next: [] });
  addStates(nodes, definition, '', END);
  if (nodes.size > MAX_STATES) return null;
  const start = `/${definition.StartAt}`;
  const steps = stepsOfGraph({ start, ends: new Set([END]), nodes });
  const seconds = definition.TimeoutSeconds ?? 0;
  return { [name]: { steps, ...(seconds > 0 && { within: `${seconds}s` }) } };
}

function addStates(
  nodes: Map<string, GraphNode>,
  { States }: Machine,
  path: string,
  end: string,
): void {
  const idOf = (name: string): string => `${path}/${name}`;
  for (const [name, of] of Object.entries(States)) {
    const id = idOf(name);
    const to = [of.Next, of.Default, ...(of.Choices ?? []).map(({ Next }) => Next)];
    const next = to.filter((one) => one !== undefined).map(idOf);
    if (of.End === true || of.Type === 'Succeed') next.push(end);
    const seconds = of.TimeoutSeconds ?? 0;
    const inner = of.ItemProcessor ?? of.Iterator;
    if (of.Type === 'Task') nodes.set(id, { next, step: { name, seconds } });
    else if (of.Branches !== undefined && of.Branches.length > 0) {
      const starts = of.Branches.map((branch, i) => {
        // Each branch ends at a node of its own, so that the join waits for every branch.
        const done = `${id}/${i}/end`;
        nodes.set(done, { next: [`${id}/join`] });
        addStates(nodes, branch, `${id}/${i}`, done);
        return `${id}/${i}/${branch.StartAt}`;
      });
      nodes.set(id, { next: starts });
      nodes.set(`${id}/join`, { next, joins: true });
    } else if (inner !== undefined) {
      nodes.set(`${id}/done`, { next });
      addStates(nodes, inner, `${id}/item`, `${id}/done`);
      nodes.set(id, { next: [`${id}/item/${inner.StartAt}`, `${id}/done`] });
    } else nodes.set(id, { next });
  }
}
