import { randomBytes } from 'node:crypto';
import { hint, ok, wrong, type Diagnosis, type Environment } from './diagnosis.ts';
import { endpointOf, type Endpoint } from './endpoint.ts';
import { explain, shownAs } from './explain.ts';
import { ENVIRONMENT, traceRequest } from './otlp.ts';
import { send } from './send.ts';

const DASHBOARD_HEADER = 'fermata-dashboard';
/** Maximum time until the flow that the doctor sent must be readable, ms since sending. */
const MAX_READ_MS = 10_000;
const READ_AGAIN_MS = 200;
const STAYS = `It stays in lists, as a flow of type doctor: "not environment:${ENVIRONMENT}" leaves it out.`;

/**
 * Sends an empty export request and then one with a span, as an exporter would. If the receiver is
 * a Fermata server, the span's flow is read back.
 */
export async function* exporter(env: Environment): AsyncGenerator<Diagnosis> {
  const endpoint = endpointOf(env);
  if ('check' in endpoint) {
    yield endpoint;
    return;
  }
  const { url, protocol } = endpoint;
  const outcome = await send(endpoint, traceRequest(protocol));
  const why = explain(endpoint, outcome);
  if (why !== undefined) {
    const todo = (await dashboardAdvice(endpoint)) ?? why.todo;
    yield wrong('exporter', why.found, todo);
    return;
  }
  yield ok('exporter', `${shownAs(url)} takes ${protocol}`);
  const dashboard = outcome.kind === 'answer' ? outcome.headers[DASHBOARD_HEADER] : undefined;
  if (dashboard === undefined)
    yield hint(
      'a span of its own',
      'not sent: what answers is not a Fermata, or something stands before it',
      'open the dashboard to see what arrives',
    );
  else yield await roundTrip(endpoint, reachable(dashboard, url));
}

async function roundTrip(endpoint: Endpoint, dashboard: URL): Promise<Diagnosis> {
  const check = 'a span of its own';
  const flowId = `doctor-${randomBytes(6).toString('hex')}`;
  const span = {
    ...{ flowId, atMs: Date.now() },
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
  };
  const outcome = await send(endpoint, traceRequest(endpoint.protocol, span));
  const why = explain(endpoint, outcome);
  if (why !== undefined) return wrong(check, why.found, why.todo);
  const page = new URL(`flow/${flowId}`, dashboard).href;
  const api = new URL(`api/v1/flows/${flowId}`, dashboard);
  const until = Date.now() + MAX_READ_MS;
  for (;;) {
    const status = await statusOf(api);
    if (status === 200) return { ...ok(check, `sent and shown: ${page}`), todo: STAYS };
    if (status !== 404)
      return hint(
        check,
        `taken; ${dashboard.href} cannot be asked from here (${status || 'no answer'})`,
        `open ${page}`,
      );
    if (Date.now() > until)
      return wrong(
        check,
        `taken, and not shown after ${MAX_READ_MS / 1000} s`,
        `see Fermata's log, and ${new URL('settings', dashboard).href}`,
      );
    await new Promise((resolve) => setTimeout(resolve, READ_AGAIN_MS));
  }
}

async function statusOf(url: URL): Promise<number> {
  return fetch(url, { signal: AbortSignal.timeout(5000) }).then(
    async (response) => {
      await response.arrayBuffer();
      return response.status;
    },
    () => 0,
  );
}

/** Returns advice if the endpoint is the address of Fermata's dashboard; undefined if it is not. */
async function dashboardAdvice({ url, protocol }: Endpoint): Promise<string | undefined> {
  const about = await fetch(new URL('/api/v1/about', url.origin), {
    signal: AbortSignal.timeout(2000),
  })
    .then((response) => response.json() as Promise<{ otlpHttp?: string; otlpGrpc?: string }>)
    .catch(() => undefined);
  const own = protocol === 'grpc' ? about?.otlpGrpc : about?.otlpHttp;
  return own === undefined
    ? undefined
    : `This is Fermata's dashboard. OTEL_EXPORTER_OTLP_ENDPOINT=${reachable(own, url).origin}`;
}

/**
 * Returns an address that a Fermata server gave for itself, in a form that can be reached from
 * here. If it is a loopback address, its host name is replaced by that of the address that was
 * asked.
 */
function reachable(address: string, asked: URL): URL {
  const url = new URL(address);
  if (/^(localhost|127\.|\[::1\])/.test(url.hostname)) url.hostname = asked.hostname;
  return url;
}
