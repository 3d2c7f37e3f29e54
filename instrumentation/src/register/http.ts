import * as nodeModule from 'node:module';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { context, diag, type Attributes, type Span } from '@opentelemetry/api';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { enterDelivery } from '../core/in-flight.ts';

const load = nodeModule.createRequire(__filename);

/** A request that Express has routed; Nest uses Express by default. */
interface Routed {
  baseUrl?: unknown;
  route?: { path?: unknown };
}

/**
 * Traces HTTP requests, because most flows begin with one: without its span, each message that a
 * request sends would be a flow of its own. OTEL_NODE_DISABLED_INSTRUMENTATIONS=http,undici
 * switches it off, like OpenTelemetry's own registration.
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
    // An outgoing call that no traced work caused (a health check, a poll) belongs to no flow, so
    // it gets no span.
    requireParentforOutgoingSpans: true,
    applyCustomAttributesOnSpan: nameByRoute,
    responseHook: announceRequest,
  });
  // The modules are patched when they are required. `syncBuiltinESMExports` then updates their
  // imports.
  load('http');
  load('https');
  nodeModule.syncBuiltinESMExports();
}

/**
 * Announces a request by a log event if it takes long, as is done for a delivery of a message. A
 * request whose answer has begun is not announced, because a stream may last as long as its client
 * listens.
 */
function announceRequest(span: Span, response: object): void {
  const { headersSent, req: request } = response as Partial<ServerResponse<IncomingMessage>>;
  // Without `headersSent`, this is the response to an outgoing request, which is not announced.
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

/**
 * Names a server span by its route, so that all requests of one route belong to the same step and
 * flow type.
 */
function nameByRoute(span: Span, request: unknown): void {
  const path = routeOf(request);
  if (path === undefined) return;
  span.setAttribute('http.route', path);
  span.updateName(`${(request as IncomingMessage).method ?? 'GET'} ${path}`);
}

/** Returns the route of a request; undefined if Express has not routed it yet. */
function routeOf(request: unknown): string | undefined {
  const { route, baseUrl } = request as Routed;
  if (typeof route?.path !== 'string') return undefined;
  return `${typeof baseUrl === 'string' ? baseUrl : ''}${route.path}`;
}

const isTraced = (module: object): boolean =>
  (module as { request?: { __wrapped?: boolean } }).request?.__wrapped === true;
