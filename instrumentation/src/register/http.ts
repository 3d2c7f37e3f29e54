import * as nodeModule from 'node:module';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { context, diag, type Attributes, type Span } from '@opentelemetry/api';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { enterDelivery } from '../core/in-flight.ts';

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
    responseHook: announceRequest,
  });
  // The hook runs when the modules are required; imports of them are updated by the last line.
  load('http');
  load('https');
  nodeModule.syncBuiltinESMExports();
}

/**
 * Announces a request that takes long, as a delivery of a message. A request whose answer has begun
 * is left out, because an answer may go on for as long as somebody listens.
 */
function announceRequest(span: Span, response: object): void {
  const { headersSent, req: request } = response as Partial<ServerResponse<IncomingMessage>>;
  // The response to an outgoing request has no headers to send.
  if (headersSent === undefined || request === undefined) return;
  enterDelivery(span, context.active(), {}, undefined, () => {
    if ((response as ServerResponse).headersSent) return undefined;
    const route = routeOf(request);
    const { attributes = {} } = span as { attributes?: Attributes };
    return {
      ...Object.fromEntries(
        Object.entries(attributes).filter(([name]) => name.startsWith('fermata.flow.')),
      ),
      'http.request.method': request.method ?? 'GET',
      ...(route !== undefined && { 'http.route': route }),
    };
  });
}

/** Gives a server's span its route, so that one route is one step and one type of flow. */
function nameByRoute(span: Span, request: unknown): void {
  const path = routeOf(request);
  if (path === undefined) return;
  span.setAttribute('http.route', path);
  span.updateName(`${(request as IncomingMessage).method ?? 'GET'} ${path}`);
}

/** Returns the route of a request, as far as it is known by now. */
function routeOf(request: unknown): string | undefined {
  const { route, baseUrl } = request as Routed;
  if (typeof route?.path !== 'string') return undefined;
  return `${typeof baseUrl === 'string' ? baseUrl : ''}${route.path}`;
}

const isTraced = (module: object): boolean =>
  (module as { request?: { __wrapped?: boolean } }).request?.__wrapped === true;
