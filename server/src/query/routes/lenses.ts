import type { Request, Response } from 'express';
import { z } from 'zod';
import { FermataError } from '../../base/errors.ts';
import { createFailureNotes, presentFailureNote } from '../failure-notes.ts';
import { coordinationLens } from '../lenses/coordination.ts';
import { differencesLens } from '../lenses/differences.ts';
import { failuresLens } from '../lenses/failures.ts';
import { changedParts, latencyLens } from '../lenses/latency.ts';
import { mapLens } from '../lenses/map.ts';
import { lensSchema, otherwise, present, readAsked, type Asked } from '../lenses/population.ts';
import { trendLens } from '../lenses/trend.ts';
import { variantsLens } from '../lenses/variants.ts';
import { whole } from '../parameters.ts';
import { nameOf, read, type QueryContext, type Reply, type Route } from '../route.ts';
import type { Population } from '../../store/index.ts';

const limit = (most: number, otherwiseIs: number) => whole(1, most).default(otherwiseIs);

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
  bucket: whole(1000, 31_536_000_000).optional().describe('In ms'),
});
const coordinationQuery = lensSchema
  .omit({ against: true, 'against.from': true, 'against.to': true })
  .extend({ format: z.enum(['json', 'markdown']).default('json') });
const noteBody = z.strictObject({ text: z.string().max(2000).default('') });

/**
 * Routes of the lenses, which look at many flows at once. Each takes the filter of a list of flows.
 */
export const LENS_ROUTES: readonly Route[] = [
  {
    operation: 'lookAtMap',
    path: '/api/v1/lenses/map',
    scope: 'read',
    summary: 'Steps and messages of many flows as one graph, with counts',
    query: mapQuery,
    handle: map,
    isHeavy: true,
  },
  {
    operation: 'lookAtVariants',
    path: '/api/v1/lenses/variants',
    scope: 'read',
    summary: 'The ways that flows take, and how they end',
    query: variantsQuery,
    handle: variants,
    isHeavy: true,
  },
  {
    operation: 'lookAtLatency',
    path: '/api/v1/lenses/latency',
    scope: 'read',
    summary: 'What the time of flows is spent on',
    query: latencyQuery,
    handle: latency,
    isHeavy: true,
  },
  {
    operation: 'lookAtFailures',
    path: '/api/v1/lenses/failures',
    scope: 'read',
    summary: 'Failures in groups of one cause',
    query: failuresQuery,
    handle: failures,
    isHeavy: true,
  },
  {
    operation: 'lookAtDifferences',
    path: '/api/v1/lenses/differences',
    scope: 'read',
    summary: 'What sets two sets of flows apart',
    query: differencesQuery,
    handle: differences,
    isHeavy: true,
  },
  {
    operation: 'lookAtCoordination',
    path: '/api/v1/lenses/coordination',
    scope: 'read',
    summary: 'How services work together',
    query: coordinationQuery,
    types: ['application/json', 'text/markdown'],
    handle: coordination,
    isHeavy: true,
  },
  {
    operation: 'lookAtTrend',
    path: '/api/v1/lenses/trend',
    scope: 'read',
    summary: 'Flows over time, and what changed meanwhile',
    query: trendQuery,
    handle: trend,
    isHeavy: true,
  },
  {
    method: 'post',
    operation: 'acknowledgeFailure',
    path: '/api/v1/failures/{fingerprint}/ack',
    scope: 'admin',
    summary: 'Acknowledge a failure',
    body: noteBody,
    handle: noteFailure('ack'),
  },
  {
    method: 'post',
    operation: 'resolveFailure',
    path: '/api/v1/failures/{fingerprint}/resolve',
    scope: 'admin',
    summary: 'Resolve a failure; it is regressed if it comes again',
    body: noteBody,
    handle: noteFailure('resolve'),
  },
  {
    method: 'post',
    operation: 'noteFailure',
    path: '/api/v1/failures/{fingerprint}/note',
    scope: 'admin',
    summary: 'Add a note to a failure',
    body: noteBody,
    handle: noteFailure('note'),
  },
];

/**
 * Answers with a lens over the population and, if one was asked for, over the population to compare
 * with.
 */
async function answer<A extends object>(
  context: QueryContext,
  asked: Asked,
  look: (population: Population, q: string) => Promise<A>,
): Promise<A & { against?: A }> {
  const { store } = context;
  const { search, q, against } = asked;
  const mine = await look(await store.population(search), q);
  if (against === null) return mine;
  return {
    ...mine,
    against: await look(await store.population(against.search), against.q),
  };
}

async function map(
  context: QueryContext,
  request: Request,
  response: Reply<'lookAtMap'>,
): Promise<void> {
  const { follows, ...filter } = read(mapQuery, request.query);
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
  response: Reply<'lookAtVariants'>,
): Promise<void> {
  const { limit: most, ...filter } = read(variantsQuery, request.query);
  const asked = readAsked(filter, context.clock.now());
  response.json(
    await answer(context, asked, (population, q) =>
      variantsLens(context.store, population, q, most),
    ),
  );
}

async function latency(
  context: QueryContext,
  request: Request,
  response: Reply<'lookAtLatency'>,
): Promise<void> {
  const { between, halve, ...filter } = read(latencyQuery, request.query);
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
  response: Reply<'lookAtFailures'>,
): Promise<void> {
  const { limit: most, ...filter } = read(failuresQuery, request.query);
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
  response: Reply<'lookAtDifferences'>,
): Promise<void> {
  const { limit: most, ...filter } = read(differencesQuery, request.query);
  const asked = readAsked(filter, context.clock.now());
  const other = asked.against ? { is: 'asked for' as const, ...asked.against } : otherwise(asked);
  const [here, there] = await Promise.all([
    context.store.population(asked.search),
    context.store.population(other.search),
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
  const { format, ...filter } = read(coordinationQuery, request.query);
  const { search, q } = readAsked(filter, context.clock.now());
  const report = await coordinationLens(context.store, await context.store.population(search), q);
  if (format === 'json') response.json(report);
  else response.type('text/markdown').send(report.markdown);
}

async function trend(
  context: QueryContext,
  request: Request,
  response: Reply<'lookAtTrend'>,
): Promise<void> {
  const { by, bucket, ...filter } = read(trendQuery, request.query);
  const asked = readAsked(filter, context.clock.now());
  const incidents = context.alerts.incidents();
  response.json(
    await answer(context, asked, (population) =>
      trendLens(context.store, population, { by, bucketMs: bucket, incidents }),
    ),
  );
}

function noteFailure(what: 'ack' | 'resolve' | 'note') {
  return async (
    context: QueryContext,
    request: Request,
    response: Reply<'noteFailure'>,
  ): Promise<void> => {
    const { text } = read(noteBody, request.body ?? {});
    const fingerprint = nameOf(request, 'fingerprint');
    if (!/^[0-9a-f]{16}$/.test(fingerprint)) throw unknownFailure(fingerprint);
    const notes = createFailureNotes(context.views, () => context.clock.now());
    response.json(presentFailureNote(await notes.add(fingerprint, what, text)));
  };
}

const unknownFailure = (fingerprint: string): FermataError =>
  new FermataError('query.not-found', `no failure is known as "${fingerprint.slice(0, 40)}"`, {
    hint: 'Fingerprints are in the answer of /api/v1/lenses/failures.',
  });
