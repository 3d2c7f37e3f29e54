import type { Request } from 'express';
import { z } from 'zod';
import { FermataError } from '../../base/errors.ts';
import { pick } from '../../base/pick.ts';
import type { DefinitionCheck, DefinitionItem } from '../../contract/index.ts';
import type { Definition } from '../../model/definition.ts';
import { iso } from '../present.ts';
import { read, type QueryContext, type Reply, type Route } from '../route.ts';

const definitionsBody = z.strictObject({
  flows: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('Flow type → version, within, steps, ends, undoInOrder: as in a definitions file'),
  conductor: z.unknown().optional().describe('Or a workflow of Conductor, schema version 2'),
  stepFunctions: z
    .unknown()
    .optional()
    .describe('Or `{ name, definition }` with a state machine of AWS Step Functions'),
  bpmn: z.string().max(60_000).optional().describe('Or the text of a BPMN 2.0 file'),
  yaml: z.string().max(60_000).optional().describe('Or the text of a definitions file'),
});

/** Routes for definitions, which declare the steps that flow types consist of. */
export const DEFINITION_ROUTES: readonly Route[] = [
  {
    operation: 'listDefinitions',
    path: '/api/v1/definitions',
    scope: 'read',
    summary: 'What flow types consist of, and who said so',
    handle: listDefinitions,
  },
  {
    method: 'post',
    operation: 'define',
    path: '/api/v1/definitions',
    scope: 'admin',
    summary: 'Say what flow types consist of; flows under way are judged by it at once',
    isCreation: true,
    body: definitionsBody,
    handle: define,
  },
  {
    method: 'post',
    operation: 'checkDefinitions',
    path: '/api/v1/definitions/check',
    scope: 'read',
    summary: 'What is wrong with a definition, and what it would replace',
    body: definitionsBody,
    handle: check,
  },
];

const STEP = [
  ...['name', 'service', 'after', 'optional', 'withinMs', 'choice', 'compensatedBy'],
] as const;
function listDefinitions(
  context: QueryContext,
  _request: Request,
  response: Reply<'listDefinitions'>,
): void {
  const items = context.definitions.list().map(({ definition, source, at }): DefinitionItem => ({
    definition: {
      ...pick(definition, ['type', 'version', 'withinMs', 'ends', 'undoInOrder']),
      steps: definition.steps.map((step) => pick(step, STEP)),
    },
    ...{ source, at: iso(at), yaml: context.definitionText(definition) },
  }));
  response.json({ items });
}

async function define(
  context: QueryContext,
  request: Request,
  response: Reply<'define'>,
): Promise<void> {
  const { definitions, problems } = await context.readDefinitions(
    read(definitionsBody, request.body ?? {}),
  );
  if (problems.length > 0)
    throw new FermataError('query.invalid', problems.slice(0, 20).join('; '), {
      hint: 'The shape is in docs/definitions.md, "Fields".',
    });
  response.status(201).json({ changed: await context.definitions.define(definitions, 'api') });
}

async function check(
  context: QueryContext,
  request: Request,
  response: Reply<'checkDefinitions'>,
): Promise<void> {
  const { definitions, problems } = await context.readDefinitions(
    read(definitionsBody, request.body ?? {}),
  );
  const types = definitions.map(({ type }) => type);
  const open = await openFlowsOf(context, types);
  const answer: DefinitionCheck = {
    problems: problems.slice(0, 20),
    types: definitions.map((definition) => ({
      ...{ type: definition.type, version: definition.version },
      stored: storedOf(context, definition),
      yaml: context.definitionText(definition),
      openFlows: open.get(definition.type) ?? 0,
    })),
  };
  response.json(answer);
}

function storedOf(
  context: QueryContext,
  { type, version }: Definition,
): DefinitionCheck['types'][number]['stored'] {
  const found = context.definitions
    .list()
    .find(({ definition }) => definition.type === type && definition.version === version);
  return found === undefined
    ? null
    : { source: found.source, yaml: context.definitionText(found.definition) };
}

async function openFlowsOf(
  { store }: QueryContext,
  types: readonly string[],
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  if (types.length === 0) return counts;
  for (const type of types.slice(0, 20)) {
    const { total } = await store.listFlows({
      ...{ types: [type], statuses: ['active', 'compensating', 'late', 'stuck'], limit: 1 },
    });
    counts.set(type, total);
  }
  return counts;
}
