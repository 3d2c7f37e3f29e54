import type { Request, Response } from 'express';
import { z } from 'zod';
import { metricsText } from '../metrics.ts';
import { presentHealth } from '../present.ts';
import type { QueryContext, Route } from '../route.ts';

const readyAnswer = z.object({ ready: z.boolean(), problems: z.array(z.string()) });
const healthAnswer = z.object({
  ready: z.boolean().describe('Spans are taken'),
  conditions: z.array(
    z.object({
      id: z.string().describe('The same for as long as it lasts'),
      since: z.iso.datetime(),
      text: z.string(),
      hint: z.string().describe('What to do about it'),
      blocks: z.boolean().describe('Nothing is taken while it lasts'),
    }),
  ),
});

/** Routes that tell whether the server is well and how to send to it. */
export const SERVER_ROUTES: readonly Route[] = [
  {
    path: '/healthz',
    scope: 'none',
    summary: 'Alive',
    handle: (_context, _request, response) => void response.json({ ok: true }),
  },
  {
    path: '/readyz',
    scope: 'none',
    summary: 'Spans can be taken and stored now; 503 with `problems`, in words, where not',
    answer: readyAnswer,
    handle: readyz,
  },
  { path: '/metrics', scope: 'none', summary: 'OpenMetrics of this server', handle: metrics },
  {
    path: '/api/v1/health',
    scope: 'read',
    summary: 'What is wrong with Fermata itself now, the worst first, and what to do about it',
    answer: healthAnswer,
    handle: health,
  },
  {
    path: '/api/v1/about',
    scope: 'read',
    summary: 'This server, and how to send to it',
    handle: about,
  },
];

async function readyz(context: QueryContext, _request: Request, response: Response): Promise<void> {
  const problems = await context.ready();
  response
    .status(problems.length === 0 ? 200 : 503)
    .json({ ready: problems.length === 0, problems });
}

function health(context: QueryContext, _request: Request, response: Response): void {
  response.json(presentHealth(context.conditions()));
}

function metrics(context: QueryContext, _request: Request, response: Response): void {
  response
    .type('application/openmetrics-text; version=1.0.0; charset=utf-8')
    .send(metricsText(context.counters.read()));
}

function about(context: QueryContext, _request: Request, response: Response): void {
  response.json(context.about());
}
