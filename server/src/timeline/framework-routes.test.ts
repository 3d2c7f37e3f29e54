import { expect, test } from 'vitest';
import { decodeTracesJson } from '../receive/otlp-json.ts';
import { createLab } from '../testing/lab.ts';

type Attributes = Record<string, string>;
/** A span as Next.js 16.4.6 sent it: name, kind, id, parent and what it tells of the request. */
type Recorded = [name: string, kind: number, id: string, parent: string, attributes: Attributes];

const handled = (method: string, target: string, route?: string): Attributes => ({
  ...{ 'next.span_type': 'BaseServer.handleRequest', 'http.method': method },
  ...{ 'http.target': target, ...(route && { 'next.route': route, 'http.route': route }) },
});
const found = (route: string): Attributes => ({
  ...{ 'next.span_type': 'NextNodeServer.findPageComponents', 'next.route': route },
});
const ran = (route: string): Attributes => ({
  ...{ 'next.span_type': 'AppRouteRouteHandlers.runHandler', 'next.route': route },
});
const asked = (method: string, path: string): Attributes => ({
  ...{ 'http.request.method': method, 'url.path': path },
});

async function requestNamed(recorded: readonly Recorded[]): Promise<string[]> {
  const hex = (id: string, digits: number): string => id && id.padStart(digits, 'a');
  const spans = recorded.map(([name, kind, id, parent, attributes], i) => ({
    ...{ traceId: hex('1', 32), spanId: hex(id, 16), parentSpanId: hex(parent, 16), name, kind },
    startTimeUnixNano: `${1_700_000_000_000 + i}000000`,
    endTimeUnixNano: `${1_700_000_000_100 - i}000000`,
    attributes: Object.entries(attributes).map(([key, value]) => ({
      ...{ key, value: { stringValue: value } },
    })),
  }));
  const service = { key: 'service.name', value: { stringValue: 'next' } };
  const resourceSpans = [{ resource: { attributes: [service] }, scopeSpans: [{ spans }] }];
  const lab = await createLab({ startMs: 1_700_000_000_200 });
  // The spans that end first are sent first.
  const { spans: received } = decodeTracesJson(Buffer.from(JSON.stringify({ resourceSpans })));
  for (const span of received.reverse()) await lab.deliver([span]);
  await lab.advance(60_000);
  const flows = [...lab.flows.values()].map(({ flow }) => flow);
  await lab.stop();
  return flows.flatMap(({ type, steps }) => [type, ...steps.map(({ name }) => name)]);
}

test.each<[string, string, Recorded[]]>([
  [
    'a route handler',
    'POST /orders/[id]',
    [
      ['POST', 2, '1', '', asked('POST', '/orders/12')],
      ['POST /orders/[id]', 2, '2', '1', handled('POST', '/orders/12', '/orders/[id]')],
      ['resolve page components', 1, '3', '2', found('/orders/[id]')],
      ['executing api route (app) /orders/[id]', 1, '4', '2', ran('/orders/[id]')],
    ],
  ],
  [
    'a route handler that fails, whose route the span of the server has, too',
    'POST /orders/[id]',
    [
      ['POST', 2, '1', '', { ...asked('POST', '/orders/500'), 'http.route': '/orders/[id]' }],
      ['POST /orders/[id]', 2, '2', '1', handled('POST', '/orders/500', '/orders/[id]')],
      ['executing api route (app) /orders/[id]', 1, '4', '2', ran('/orders/[id]')],
    ],
  ],
  [
    'what is not there',
    'POST',
    [
      ['POST', 2, '1', '', asked('POST', '/nowhere')],
      ['POST', 2, '2', '1', handled('POST', '/nowhere')],
      ['resolve page components', 1, '3', '2', found('/_not-found')],
    ],
  ],
])('the request of Next.js for %s is named by its route', async (_what, name, recorded) => {
  expect(await requestNamed(recorded)).toEqual([`next ${name}`, name]);
});

test('a request for which a framework tried two routes is named by neither', async () => {
  const names = await requestNamed([
    ['POST', 2, '1', '', asked('POST', '/orders/12')],
    ['POST /orders/[id]', 2, '2', '1', handled('POST', '/orders/12', '/orders/[id]')],
    ['POST /[...all]', 2, '3', '1', handled('POST', '/orders/12', '/[...all]')],
    ['GET /other', 2, '4', '1', handled('GET', '/other', '/other')],
  ]);
  expect(names).toEqual(['next POST', 'POST']);
});
