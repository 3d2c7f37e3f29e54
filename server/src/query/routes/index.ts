import type { Request, RequestHandler } from 'express';
import { z } from 'zod';
import { createMutex } from '../../base/mutex.ts';
import { read, type QueryContext, type Route } from '../route.ts';
import { ALERT_ROUTES } from './alerts.ts';
import { DEFINITION_ROUTES } from './definitions.ts';
import { EXCHANGE_ROUTES } from './exchange.ts';
import { FACET_ROUTES } from './facets.ts';
import { FLOW_ROUTES } from './flows.ts';
import { INCIDENT_ROUTES } from './incidents.ts';
import { LENS_ROUTES } from './lenses.ts';
import { LOG_ROUTES } from './logs.ts';
import { OVERVIEW_ROUTES } from './overview.ts';
import { RULE_ROUTES } from './rules.ts';
import { SERVER_ROUTES } from './server.ts';
import { SETTINGS_ROUTES } from './settings.ts';
import { VIEW_ROUTES } from './views.ts';

/** Lists every route. The server serves these routes, and `/api/openapi.json` describes them. */
export const ROUTES: readonly Route[] = [
  ...SERVER_ROUTES,
  ...EXCHANGE_ROUTES,
  ...FLOW_ROUTES,
  ...LOG_ROUTES,
  ...FACET_ROUTES,
  ...OVERVIEW_ROUTES,
  ...LENS_ROUTES,
  ...INCIDENT_ROUTES,
  ...ALERT_ROUTES,
  ...RULE_ROUTES,
  ...DEFINITION_ROUTES,
  ...VIEW_ROUTES,
  ...SETTINGS_ROUTES,
];

/**
 * Converts a path from the form of the routes and of OpenAPI, which is `{id}`, to the form of
 * express 5, which is `:id`.
 */
export const expressPath = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1');

/** Returns the methods of a path. Express answers HEAD wherever there is GET. */
export const methodsOf = (path: string): string[] =>
  ROUTES.filter((route) => route.path === path).flatMap(({ method }) =>
    method === 'post' ? ['POST'] : ['GET', 'HEAD'],
  );

const NOTHING = z.strictObject({});
/**
 * Rejects parameters and fields if the route takes none. Routes that are open to everyone ignore
 * them, because probes and scrapers may add some.
 */
function rejectUnknown(route: Route, request: Request): void {
  if (route.scope === 'none') return;
  if (route.query === undefined) read(NOTHING, request.query);
  if (route.method === 'post' && route.body === undefined) read(NOTHING, request.body ?? {});
}

/**
 * Returns a function that makes the handler of a route. Handlers of heavy routes run one at a time.
 */
export function handlersFor(context: QueryContext): (route: Route) => RequestHandler {
  const heavy = createMutex();
  return (route) => async (request, response) => {
    rejectUnknown(route, request);
    const handle = async (): Promise<void> => {
      // A client may have disconnected while its request waited. The work is then skipped, because
      // other requests wait for it.
      if (!response.destroyed) await route.handle(context, request, response);
    };
    await (route.isHeavy ? heavy.run(handle) : handle());
  };
}
