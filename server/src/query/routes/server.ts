import type { Request, Response } from 'express';
import { metricsText } from '../metrics.ts';
import { presentHealth } from '../present.ts';
import type { QueryContext, Reply, Route } from '../route.ts';

/** Routes that tell whether the server works, and how to send data to it. */
export const SERVER_ROUTES: readonly Route[] = [
  {
    operation: 'getHealthz',
    path: '/healthz',
    scope: 'none',
    summary: 'Alive',
    handle: (_context, _request, response) => void response.json({ ok: true }),
  },
  {
    operation: 'getReadyz',
    path: '/readyz',
    scope: 'none',
    summary: 'Spans can be taken and stored now; 503 with `problems`, in words, where not',
    handle: readyz,
  },
  {
    operation: 'getMetrics',
    path: '/metrics',
    scope: 'none',
    summary: 'OpenMetrics of this server',
    types: ['application/openmetrics-text'],
    handle: metrics,
  },
  {
    operation: 'getHealth',
    path: '/api/v1/health',
    scope: 'read',
    summary: 'What is wrong with Fermata itself now, the worst first, and what to do about it',
    handle: health,
  },
  {
    operation: 'getAbout',
    path: '/api/v1/about',
    scope: 'read',
    summary: 'This server, and how to send to it',
    handle: about,
  },
];

async function readyz(
  context: QueryContext,
  _request: Request,
  response: Reply<'getReadyz'>,
): Promise<void> {
  const problems = await context.ready();
  response
    .status(problems.length === 0 ? 200 : 503)
    .json({ ready: problems.length === 0, problems });
}

function health(context: QueryContext, _request: Request, response: Reply<'getHealth'>): void {
  response.json(presentHealth(context.conditions()));
}

function metrics(context: QueryContext, _request: Request, response: Response): void {
  response
    .type('application/openmetrics-text; version=1.0.0; charset=utf-8')
    .send(metricsText(context.counters.read()));
}

function about(context: QueryContext, _request: Request, response: Reply<'getAbout'>): void {
  response.json(context.about());
}
