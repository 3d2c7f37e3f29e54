import { z } from 'zod';
import { durationMs, isDuration } from '../../base/duration.ts';
import { problemOf, readYaml } from '../../base/yaml.ts';
import { pairKey } from '../keys.ts';
import { fromBpmn } from './bpmn.ts';
import { conductorSchema, fromConductor } from './conductor.ts';
import { fromStatesLanguage, statesSchema } from './states-language.ts';
import type { DefinedStep, Definition } from '../../model/definition.ts';

/** This file reads declared flows from text or from JSON, and validates what was read. */

const MAX_DURATION_MS = 366 * 86_400_000;
const duration = z
  .string()
  .refine(isDuration, 'is not a duration like 30s, 15m or 3d')
  .transform((text) => durationMs(text)!)
  .refine((ms) => ms > 0 && ms <= MAX_DURATION_MS, 'is not between 1ms and 366d');
const name = z.string().min(1).max(200);
const names = z.union([name, z.array(name).max(100)]).transform((value) => [value].flat());
const single = z.strictObject({
  name,
  service: name.optional(),
  after: names.optional(),
  within: duration.optional(),
  optional: z.boolean().default(false),
  compensatedBy: name.optional(),
});
const choice = z.strictObject({
  oneOf: z
    .array(
      z.union([
        name.transform((text) => ({ name: text, service: undefined, compensatedBy: undefined })),
        single.pick({ name: true, service: true, compensatedBy: true }),
      ]),
    )
    .min(2, 'needs at least two steps')
    .max(50),
  after: names.optional(),
  within: duration.optional(),
  optional: z.boolean().default(false),
});
/**
 * Chooses the shape of a step or that of a choice, by the field `oneOf`. A union of both shapes
 * would only report that neither shape fits.
 */
const entry = z
  .unknown()
  .transform((value, context): z.infer<typeof single> | z.infer<typeof choice> => {
    const isChoice = typeof value === 'object' && value !== null && 'oneOf' in value;
    const parsed = (isChoice ? choice : single).safeParse(value);
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues)
      context.addIssue({ code: 'custom', path: issue.path, message: issue.message });
    return z.NEVER;
  });
const flow = z.strictObject({
  version: z.string().max(100).default(''),
  within: duration.optional(),
  steps: z.array(entry).min(1).max(500),
  ends: z
    .array(
      z.strictObject({
        step: name,
        outcome: z
          .enum(['completed', 'failed', 'compensated', 'cancelled', 'timed_out'])
          .default('completed'),
      }),
    )
    .max(50)
    .default([]),
  undoInOrder: z.boolean().default(false),
});

/** The shape of a definitions file and of posted definitions: one entry for each flow type. */
const definitionsSchema = z.strictObject({ flows: z.record(name, flow) });
type Declared = z.infer<typeof definitionsSchema>;

/** Time limit, ms, of a step that declares none, if its flow type declares none either. */
export const DEFAULT_WITHIN_MS = 3_600_000;

/** Reads a YAML file, `fermata.flows.yaml`. Every problem is reported with its line and field. */
export function readDefinitions(text: string): { definitions: Definition[]; problems: string[] } {
  const { data, problems, lineOf } = readYaml(text, definitionsSchema);
  if (data === null) return { definitions: [], problems };
  return finish(data, (path, problem) => `line ${lineOf(path)}: ${path.join('.')}: ${problem}`);
}

/**
 * Reads definitions that an operator posted: `{ bpmn }` with the text of a BPMN file, or anything
 * that `definitionsFrom` reads.
 */
export async function postedDefinitions(
  input: unknown,
): Promise<{ definitions: Definition[]; problems: string[] }> {
  if (typeof input !== 'object' || input === null || !('bpmn' in input))
    return definitionsFrom(input);
  const { flows, problems } = await fromBpmn(String(input.bpmn));
  if (problems.length > 0) return { definitions: [], problems };
  return definitionsFrom({ flows });
}

/**
 * Reads JSON that was posted or announced by a service: `{ flows }`, `{ conductor }` with a
 * workflow of Conductor, `{ stepFunctions }` with a state machine, or `{ yaml }` with the text of a
 * definitions file.
 */
export function definitionsFrom(input: unknown): { definitions: Definition[]; problems: string[] } {
  if (typeof input === 'object' && input !== null && 'yaml' in input)
    return readDefinitions(String(input.yaml));
  if (typeof input === 'object' && input !== null && 'conductor' in input) {
    const workflow = conductorSchema.safeParse(input.conductor);
    return workflow.success
      ? definitionsFrom({ flows: fromConductor(workflow.data) })
      : {
          definitions: [],
          problems: workflow.error.issues.map((issue) => `conductor.${problemOf(issue)}`),
        };
  }
  if (typeof input === 'object' && input !== null && 'stepFunctions' in input)
    return fromStepFunctions(input.stepFunctions);
  const parsed = definitionsSchema.safeParse(input);
  if (!parsed.success) return { definitions: [], problems: parsed.error.issues.map(problemOf) };
  return finish(parsed.data, (path, problem) => `${path.join('.')}: ${problem}`);
}

function fromStepFunctions(input: unknown): ReturnType<typeof definitionsFrom> {
  const machine = statesSchema.safeParse(input);
  if (!machine.success)
    return {
      definitions: [],
      problems: machine.error.issues.map((issue) => `stepFunctions.${problemOf(issue)}`),
    };
  const flows = fromStatesLanguage(machine.data);
  return flows === null
    ? { definitions: [], problems: ['stepFunctions: the machine has too many states'] }
    : definitionsFrom({ flows });
}

function finish(
  { flows }: Declared,
  say: (path: PropertyKey[], problem: string) => string,
): { definitions: Definition[]; problems: string[] } {
  const problems: string[] = [];
  const definitions = Object.entries(flows).map(([type, declared]): Definition => {
    const steps: DefinedStep[] = [];
    const from: number[] = [];
    declared.steps.forEach((entry, i) => {
      const common = {
        after: entry.after ?? [],
        withinMs: entry.within ?? declared.within ?? DEFAULT_WITHIN_MS,
        optional: entry.optional,
      };
      for (const one of 'oneOf' in entry ? entry.oneOf : [entry]) {
        steps.push({
          ...common,
          name: one.name,
          service: one.service ?? null,
          choice: 'oneOf' in entry ? i + 1 : 0,
          compensatedBy: one.compensatedBy ?? null,
        });
        from.push(i);
      }
    });
    const path = (i: number, field: string): PropertyKey[] => [
      'flows',
      type,
      'steps',
      from[i]!,
      field,
    ];
    const before = new Map<string, readonly string[]>();
    for (const { name, after } of steps) before.set(name, [...(before.get(name) ?? []), ...after]);
    const doers = new Set<string>();
    steps.forEach((step, i) => {
      const doer = pairKey(step.name, step.service ?? '');
      if (doers.has(doer))
        problems.push(say(path(i, 'name'), `a second step is named ${step.name}`));
      doers.add(doer);
      for (const name of step.after)
        if (!before.has(name))
          problems.push(say(path(i, 'after'), `there is no step named ${name}`));
      if (dependsOnItself(step, before))
        problems.push(say(path(i, 'after'), `${step.name} comes after itself`));
    });
    return {
      type,
      version: declared.version,
      withinMs: declared.within ?? null,
      steps,
      ends: declared.ends,
      undoInOrder: declared.undoInOrder,
    };
  });
  return problems.length > 0 ? { definitions: [], problems } : { definitions, problems };
}

function dependsOnItself(
  step: DefinedStep,
  before: ReadonlyMap<string, readonly string[]>,
): boolean {
  const seen = new Set<string>();
  const work = [...step.after];
  for (let at = work.pop(); at !== undefined; at = work.pop()) {
    if (at === step.name) return true;
    if (seen.has(at)) continue;
    seen.add(at);
    work.push(...(before.get(at) ?? []));
  }
  return false;
}
