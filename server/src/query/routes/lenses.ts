import type { Request, Response } from 'express';
import { z } from 'zod';
import { FermataError } from '../../base/errors.ts';
import { createFailureNotes } from '../failure-notes.ts';
import { coordinationLens } from '../lenses/coordination.ts';
import { differencesLens } from '../lenses/differences.ts';
import { failuresLens } from '../lenses/failures.ts';
import { changedParts, latencyLens } from '../lenses/latency.ts';
import { mapLens } from '../lenses/map.ts';
import {
  lensSchema,
  otherwise,
  parsed,
  populationOf,
  present,
  readAsked,
  type Asked,
} from '../lenses/population.ts';
import { trendLens } from '../lenses/trend.ts';
import { variantsLens } from '../lenses/variants.ts';
import { nameOf, read, type QueryContext, type Route } from '../route.ts';
import type { Population } from '../../store/index.ts';

const limit = (most: number, otherwiseIs: number) =>
  z.coerce.number().int().min(1).max(most).default(otherwiseIs);

const mapQuery = lensSchema.extend({
  follows: z
    .enum(['start', 'end'])
    .optional()
    .describe('Also: which step directly follows which, by their starts or ends'),
});
const variantsQuery = lensSchema.extend({ limit: limit(1000, 50) });
const latencyQuery = lensSchema.extend({
  between: z
    .string()
    .max(600)
    .optional()
    .describe('Two points, steps or messages: `OrderPlaced..Shipped`'),
  halve: z.string().max(16).optional().describe('Id of a part of `chain`: what if it took half'),
});
const failuresQuery = lensSchema.extend({ limit: limit(1000, 50) });
const differencesQuery = lensSchema.extend({ limit: limit(500, 50) });
const trendQuery = lensSchema.extend({
  by: z.enum(['status', 'type', 'service', 'environment']).default('status'),
  bucket: z.coerce.number().int().min(1000).max(31_536_000_000).optional().describe('In ms'),
});
const coordinationQuery = lensSchema
  .omit({ against: true, 'against.from': true, 'against.to': true })
  .extend({ format: z.enum(['json', 'markdown']).default('json') });
const noteBody = z.strictObject({ text: z.string().max(2000).default('') });

const lens = (
  name: string,
  summary: string,
  query: z.ZodObject,
  handle: Route['handle'],
): Route => ({
  path: `/api/v1/lenses/${name}`,
  scope: 'read',
  summary,
  query,
  handle,
});

/** Routes that look at many flows at once. Each takes the filter of a flow list. */
export const LENS_ROUTES: readonly Route[] = [
  lens('map', 'Steps and messages of many flows as one graph, with counts', mapQuery, map),
  lens('variants', 'The ways that flows take, and how they end', variantsQuery, variants),
  lens('latency', 'What the time of flows is spent on', latencyQuery, latency),
  lens('failures', 'Failures in groups of one cause', failuresQuery, failures),
  lens('differences', 'What sets two sets of flows apart', differencesQuery, differences),
  lens('coordination', 'How services work together', coordinationQuery, coordination),
  lens('trend', 'Flows over time, and what changed meanwhile', trendQuery, trend),
  ...(['ack', 'resolve', 'note'] as const).map((what): Route => ({
    method: 'post',
    path: `/api/v1/failures/{fingerprint}/${what}`,
    scope: 'admin',
    summary: {
      ack: 'Acknowledge a failure',
      resolve: 'Resolve a failure; it is regressed if it comes again',
      note: 'Add a note to a failure',
    }[what],
    body: noteBody,
    handle: (context, request, response) => noteFailure(context, request, response, what),
  })),
];

/** Answers a lens for the population and, if asked for, for the one that it is compared with. */
async function answer<A extends object>(
  context: QueryContext,
  asked: Asked,
  look: (population: Population, q: string) => Promise<A>,
): Promise<A & { against?: A }> {
  const { store } = context;
  const { search, q, against } = asked;
  const mine = await look(await populationOf(store, search), q);
  if (against === null) return mine;
  return {
    ...mine,
    against: await look(await populationOf(store, against.search), against.q),
  };
}

async function map(context: QueryContext, request: Request, response: Response): Promise<void> {
  const { follows, ...filter } = parsed(mapQuery, request.query);
  const asked = readAsked(filter, context.clock.now());
  response.json(
    await answer(context, asked, (population, q) =>
      mapLens(context.store, population, q, { follows }),
    ),
  );
}

async function variants(
  context: QueryContext,
  request: Request,
  response: Response,
): Promise<void> {
  const { limit: most, ...filter } = parsed(variantsQuery, request.query);
  const asked = readAsked(filter, context.clock.now());
  response.json(
    await answer(context, asked, (population, q) =>
      variantsLens(context.store, population, q, most),
    ),
  );
}

async function latency(context: QueryContext, request: Request, response: Response): Promise<void> {
  const { between, halve, ...filter } = parsed(latencyQuery, request.query);
  const asked = readAsked(filter, context.clock.now());
  const points = between === undefined ? undefined : pointsIn(between);
  const all = await answer(context, asked, (population, q) =>
    latencyLens(context.store, population, q, { between: points, halve }),
  );
  response.json(
    all.against === undefined
      ? all
      : { ...all, changed: changedParts(all.chain, all.against.chain) },
  );
}

function pointsIn(text: string): { from: string; to: string } {
  const [from = '', to = '', ...more] = text.split('..').map((name) => name.trim());
  if (from === '' || to === '' || more.length > 0)
    throw new FermataError('query.invalid', `between: "${text}" is not two points`, {
      hint: 'Write the names of two steps or messages: OrderPlaced..Shipped',
    });
  return { from, to };
}

async function failures(
  context: QueryContext,
  request: Request,
  response: Response,
): Promise<void> {
  const { limit: most, ...filter } = parsed(failuresQuery, request.query);
  const asked = readAsked(filter, context.clock.now());
  const notes = createFailureNotes(context.views, () => context.clock.now());
  response.json(
    await answer(context, asked, (population, q) =>
      failuresLens(context.store, population, q, { limit: most, notes }),
    ),
  );
}

async function differences(
  context: QueryContext,
  request: Request,
  response: Response,
): Promise<void> {
  const { limit: most, ...filter } = parsed(differencesQuery, request.query);
  const asked = readAsked(filter, context.clock.now());
  const other = asked.against ? { is: 'asked for', ...asked.against } : otherwise(asked);
  const [here, there] = await Promise.all([
    populationOf(context.store, asked.search),
    populationOf(context.store, other.search),
  ]);
  response.json({
    ...(await differencesLens(context.store, here, there, asked.q, most)),
    against: { ...present(there).population, is: other.is },
  });
}

async function coordination(
  context: QueryContext,
  request: Request,
  response: Response,
): Promise<void> {
  const { format, ...filter } = parsed(coordinationQuery, request.query);
  const { search, q } = readAsked(filter, context.clock.now());
  const report = await coordinationLens(
    context.store,
    await populationOf(context.store, search),
    q,
  );
  if (format === 'json') response.json(report);
  else response.type('text/markdown').send(report.markdown);
}

async function trend(context: QueryContext, request: Request, response: Response): Promise<void> {
  const { by, bucket, ...filter } = parsed(trendQuery, request.query);
  const asked = readAsked(filter, context.clock.now());
  const incidents = context.alerts.incidents();
  response.json(
    await answer(context, asked, (population) =>
      trendLens(context.store, population, { by, bucketMs: bucket, incidents }),
    ),
  );
}

async function noteFailure(
  context: QueryContext,
  request: Request,
  response: Response,
  what: 'ack' | 'resolve' | 'note',
): Promise<void> {
  const { text } = read(noteBody, request.body ?? {});
  const fingerprint = nameOf(request, 'fingerprint');
  if (!/^[0-9a-f]{16}$/.test(fingerprint))
    throw new FermataError(
      'query.not-found',
      `no failure is known as "${fingerprint.slice(0, 40)}"`,
      {
        hint: 'Fingerprints are in the answer of /api/v1/lenses/failures.',
      },
    );
  const notes = createFailureNotes(context.views, () => context.clock.now());
  response.json(await notes.add(fingerprint, what, text));
}
