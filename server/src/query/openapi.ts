import {
  extendZodWithOpenApi,
  OpenApiGeneratorV31,
  OpenAPIRegistry,
} from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { ROUTES } from './routes/index.ts';

/**
 * Returns the OpenAPI description of the API. It is made from the table of routes, so that
 * description and routes always agree.
 */
export function openApi(version: string): object {
  extendZodWithOpenApi(z);
  const registry = new OpenAPIRegistry();
  for (const route of ROUTES) {
    const params = [...route.path.matchAll(/\{(\w+)\}/g)].map(
      ([, name]) => [name!, z.string()] as const,
    );
    registry.registerPath({
      method: route.method ?? 'get',
      path: route.path,
      summary: route.summary,
      request: {
        ...(params.length > 0 && { params: z.object(Object.fromEntries(params)) }),
        ...(route.query && { query: route.query }),
        ...(route.body && { body: { content: { 'application/json': { schema: route.body } } } }),
      },
      responses: {
        200: {
          description: route.summary,
          ...(route.answer && { content: { 'application/json': { schema: route.answer } } }),
        },
        ...(route.path === '/readyz' && { 503: { description: 'Not now: `problems`' } }),
        ...(route.path.startsWith('/api/v1/flows/{id}') && {
          300: { description: 'Several flows have this name: `choices`' },
          308: { description: 'The canonical id' },
          404: { description: 'Nothing has this name (application/problem+json)' },
        }),
        ...(route.query && {
          400: { description: 'A wrong parameter (application/problem+json)' },
        }),
      },
    });
  }
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Fermata',
      version,
      description: 'Event flows: what happened, what is waiting, since when and why.',
    },
  });
}
