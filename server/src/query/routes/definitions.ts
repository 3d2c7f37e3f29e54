import type { Request, Response } from 'express';
import { z } from 'zod';
import { FermataError } from '../../base/errors.ts';
import type { QueryContext, Route } from '../route.ts';

const definitionsBody = z.strictObject({
  flows: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('Flow type → version, within, steps, ends, undoInOrder: as in a definitions file'),
  conductor: z.unknown().optional().describe('Or a workflow of Conductor, schema version 2'),
});

/** Routes for definitions, which declare the steps that flow types consist of. */
export const DEFINITION_ROUTES: readonly Route[] = [
  {
    path: '/api/v1/definitions',
    scope: 'read',
    summary: 'What flow types consist of, and who said so',
    handle: (context, _request, response) =>
      void response.json({
        items: context.definitions
          .list()
          .map(({ at, ...rest }) => ({ ...rest, at: new Date(at).toISOString() })),
      }),
  },
  {
    method: 'post',
    path: '/api/v1/definitions',
    scope: 'admin',
    summary: 'Say what flow types consist of; flows under way are judged by it at once',
    body: definitionsBody,
    handle: define,
  },
];

async function define(context: QueryContext, request: Request, response: Response): Promise<void> {
  const { definitions, problems } = context.readDefinitions(request.body);
  if (problems.length > 0)
    throw new FermataError('query.invalid', problems.slice(0, 20).join('; '), {
      hint: 'The shape is in docs/definitions.md, "Fields".',
    });
  response.status(201).json({ changed: await context.definitions.define(definitions, 'api') });
}
