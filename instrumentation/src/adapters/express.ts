import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  contextWithFlow,
  endSpanWith,
  extractHeaders,
  injectHeaders,
  preciseNow,
  SCOPE,
  withoutTracing,
} from '../adapter-kit.ts';

/**
 * The parts of an express 4 or 5 request that this adapter uses. Own types keep the package
 * independent of both versions.
 */
interface Request {
  method: string;
  headers: Record<string, unknown>;
  baseUrl?: string;
  route?: { path?: unknown };
}
interface Response {
  statusCode: number;
  once(event: 'close', listener: () => void): unknown;
}

/**
 * Returns a middleware that continues the trace and the flow of the caller. If OpenTelemetry's http
 * instrumentation has already made a span, only the flow is restored. Otherwise the middleware
 * makes a SERVER span (HTTP conventions 1.45) and names it by the request's route.
 */
export function flowMiddleware(): (request: Request, response: Response, next: () => void) => void {
  return (request, response, next) => {
    const extracted = extractHeaders(request.headers);
    if (trace.getActiveSpan() !== undefined) {
      const ctx = extracted.flow
        ? contextWithFlow(context.active(), extracted.flow)
        : context.active();
      context.with(ctx, next);
      return;
    }
    const span = trace.getTracer(SCOPE.name).startSpan(
      request.method,
      {
        kind: SpanKind.SERVER,
        startTime: preciseNow(),
        attributes: { 'http.request.method': request.method },
      },
      extracted.context,
    );
    response.once('close', () => {
      const path = request.route?.path;
      if (typeof path === 'string') {
        const route = `${request.baseUrl ?? ''}${path}`;
        span.setAttribute('http.route', route);
        span.updateName(`${request.method} ${route}`);
      }
      span.setAttribute('http.response.status_code', response.statusCode);
      if (response.statusCode >= 500) {
        span.setAttribute('error.type', String(response.statusCode));
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end(preciseNow());
    });
    context.with(trace.setSpan(extracted.context, span), next);
  };
}

/**
 * Calls `fetch` with a CLIENT span and the headers of the current flow. Use it for your own
 * services only, because the headers contain ids. Rejects, like `fetch`, if the request cannot be
 * sent.
 */
export async function flowFetch(
  url: string | URL | globalThis.Request,
  init: RequestInit = {},
): Promise<globalThis.Response> {
  const request = url instanceof globalThis.Request ? url : undefined;
  const method = init.method ?? request?.method ?? 'GET';
  const target = new URL(url instanceof globalThis.Request ? url.url : url);
  const headers = Object.fromEntries(new Headers(init.headers ?? request?.headers).entries());
  const span = trace.getTracer(SCOPE.name).startSpan(method, {
    kind: SpanKind.CLIENT,
    startTime: preciseNow(),
    attributes: {
      'http.request.method': method,
      'server.address': target.hostname,
      'server.port': Number(target.port || (target.protocol === 'https:' ? 443 : 80)),
      'url.full': `${target.origin}${target.pathname}`,
    },
  });
  const ctx = trace.setSpan(context.active(), span);
  injectHeaders(headers, ctx);
  return endSpanWith(span, ctx, async () => {
    // Tracing is off during the call, because an instrumentation of `fetch` would add a second span
    // for the same request.
    const response = await withoutTracing(() => fetch(url, { ...init, headers }));
    span.setAttribute('http.response.status_code', response.status);
    if (response.status >= 400) {
      span.setAttribute('error.type', String(response.status));
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    return response;
  });
}
