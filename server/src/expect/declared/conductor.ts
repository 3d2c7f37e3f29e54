import { z } from 'zod';

/**
 * This file reads a workflow of Conductor (JSON DSL, schema version 2:
 * https://conductor-oss.github.io/conductor/documentation/configuration/workflowdef/) as a declared
 * flow. Tasks follow one another. The branches of a FORK_JOIN run in parallel. Of a SWITCH or
 * DECISION only one branch is taken. Tasks that Conductor performs itself (JOIN, SET_VARIABLE,
 * TERMINATE …) are not steps.
 */
const task: z.ZodType<Task> = z.lazy(() =>
  z.object({
    name: z.string().min(1).max(200),
    type: z.string().default('SIMPLE'),
    optional: z.boolean().default(false),
    forkTasks: z.array(z.array(task)).max(50).default([]),
    decisionCases: z.record(z.string(), z.array(task)).default({}),
    defaultCase: z.array(task).default([]),
    taskDefinition: z.object({ timeoutSeconds: z.number().nonnegative().optional() }).optional(),
  }),
);
interface Task {
  name: string;
  type: string;
  optional: boolean;
  forkTasks: Task[][];
  decisionCases: Record<string, Task[]>;
  defaultCase: Task[];
  taskDefinition?: { timeoutSeconds?: number | undefined } | undefined;
}

export const conductorSchema = z.object({
  name: z.string().min(1).max(200),
  version: z.number().int().optional(),
  schemaVersion: z.literal(2, 'only schema version 2 is read'),
  tasks: z.array(task).min(1).max(200),
  timeoutSeconds: z.number().nonnegative().default(0),
});

/** Conductor's task types that a worker performs. Only tasks of these types are steps. */
const WORK = new Set([
  'SIMPLE',
  'HTTP',
  'HUMAN',
  'SUB_WORKFLOW',
  'EVENT',
  'LAMBDA',
  'INLINE',
  'WAIT',
]);

interface Step {
  name: string;
  after?: string[];
  within?: string;
  optional?: boolean;
}

/**
 * Returns the workflow as a definition in the shape of a definitions file. The definition has no
 * version, because running flows do not tell which version of the workflow they follow.
 */
export function fromConductor(workflow: z.infer<typeof conductorSchema>): Record<string, unknown> {
  const steps: Step[] = [];
  const known = new Set<string>();
  /**
   * Adds tasks one after the other. Returns the names of the steps that the next task has to wait
   * for.
   */
  const add = (tasks: readonly Task[], before: string[], perhaps: boolean): string[] => {
    let last = before;
    for (const one of tasks) {
      if (one.type === 'FORK_JOIN') {
        last = one.forkTasks.flatMap((branch) => add(branch, last, perhaps));
        continue;
      }
      if (one.type === 'SWITCH' || one.type === 'DECISION') {
        // Any branch may be taken, so no step of a branch is required, and the task after the
        // branches waits for whatever came before them.
        for (const branch of [...Object.values(one.decisionCases), one.defaultCase])
          add(branch, last, true);
        continue;
      }
      if (!WORK.has(one.type) || known.has(one.name)) continue;
      known.add(one.name);
      const seconds = one.taskDefinition?.timeoutSeconds ?? 0;
      steps.push({
        name: one.name,
        ...(last.length > 0 && { after: last }),
        ...(seconds > 0 && { within: `${seconds}s` }),
        ...((one.optional || perhaps) && { optional: true }),
      });
      if (!one.optional && !perhaps) last = [one.name];
    }
    return last;
  };
  add(workflow.tasks, [], false);
  return {
    [workflow.name]: {
      steps,
      ...(workflow.timeoutSeconds > 0 && { within: `${workflow.timeoutSeconds}s` }),
    },
  };
}
