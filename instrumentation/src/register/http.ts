import * as nodeModule from 'node:module';
import type { IncomingMessage } from 'node:http';
import { diag, type Span } from '@opentelemetry/api';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';

const load = nodeModule.createRequire(__filename);

/** A request that Express has routed, as Nest does by default. */
interface Routed {
  baseUrl?: unknown;
  route?: { path?: unknown };
}

/**
 * Traces requests, which begin most flows: without their spans, each message that a request sends
 * would be a flow of its own. OTEL_NODE_DISABLED_INSTRUMENTATIONS=http,undici leaves them out, as
 * it does with OpenTelemetry's own registration.
 */
export function traceRequests(): void {
  const disabled = (process.env['OTEL_NODE_DISABLED_INSTRUMENTATIONS'] ?? '')
    .split(',')
    .map((name) => name.trim());
  try {
    if (!disabled.includes('http') && !isTraced(load('node:http') as object)) traceHttp();
    if (!disabled.includes('undici')) new UndiciInstrumentation({ requireParentforSpans: true });
  } catch (error) {
    diag.warn('fermata: requests cannot be traced', error);
  }
}

function traceHttp(): void {
  new HttpInstrumentation({
    // A call that nothing traced caused (a health check, a poll) is no part of any flow.
    requireParentforOutgoingSpans: true,
    applyCustomAttributesOnSpan: nameByRoute,
  });
  // The hook runs when the modules are required; imports of them are updated by the last line.
  load('http');
  load('https');
  nodeModule.syncBuiltinESMExports();
}

/** Gives a server's span its route, so that one route is one step and one type of flow. */
function nameByRoute(span: Span, request: unknown): void {
  const { route, baseUrl } = request as Routed;
  if (typeof route?.path !== 'string') return;
  const path = `${typeof baseUrl === 'string' ? baseUrl : ''}${route.path}`;
  span.setAttribute('http.route', path);
  span.updateName(`${(request as IncomingMessage).method ?? 'GET'} ${path}`);
}

const isTraced = (module: object): boolean =>
  (module as { request?: { __wrapped?: boolean } }).request?.__wrapped === true;
