import { expect, test } from 'vitest';
import { createConverter } from './zipkin.ts';

const span = (id: string, kind: string, serviceName: string, parentId?: string): object => ({
  ...{ traceId: 't', id, kind, localEndpoint: { serviceName }, timestamp: 1e15, name: id },
  ...(parentId !== undefined && { parentId }),
});

test('a parent is the side of the own service, else the side of the server, and never oneself', () => {
  const spans = [
    span('call', 'CLIENT', 'shop'),
    span('call', 'SERVER', 'billing'),
    span('of shop', 'CLIENT', 'shop', 'call'),
    span('of billing', 'CLIENT', 'billing', 'call'),
    span('of another', 'CLIENT', 'mail', 'call'),
    span('itself', 'CLIENT', 'shop', 'itself'),
    span('orphan', 'CLIENT', 'shop', 'gone'),
  ];
  const all = spans.map(createConverter(spans));
  expect(all.map(({ id, parent }) => [id, parent])).toEqual([
    ['call', undefined],
    ['call server', 'call'],
    ['of shop', 'call'],
    ['of billing', 'call server'],
    ['of another', 'call server'],
    ['itself', 'itself'],
    ['orphan', 'gone'],
  ]);
});

test('only tags that describe a process are of the resource, and the service is the endpoint’s', () => {
  const ofResource = { 'host.name': 'h1', 'service.version': '2', 'process.pid': '7' };
  const ofSpan = {
    ...{ 'process.exit_code': '1', 'host.port': '5432', 'service.name': 'other', 'os.error': '2' },
    ...{ 'container.restarts': '3', 'deployment.id': 'd7' },
  };
  const spans = [{ ...span('one', 'SERVER', 'shop'), tags: { ...ofResource, ...ofSpan } }];
  expect(spans.map(createConverter(spans))).toMatchObject([
    { service: 'shop', resource: ofResource, attributes: ofSpan },
  ]);
  expect(spans.map(createConverter(spans))[0]!.resource).toEqual(ofResource);
});

/** Returns how often kinds are read while `count` spans with the same id are converted. */
function looksFor(count: number, kind: string): number {
  let looks = 0;
  const spans = Array.from({ length: count }, (_, i) => ({
    ...span('one', kind, `service ${i}`, 'one'),
    get kind() {
      looks++;
      return kind;
    },
  }));
  expect(spans.map(createConverter(spans))).toHaveLength(count);
  return looks;
}

test.each(['CLIENT', 'SERVER', 'PRODUCER'])('the work grows as spans of one id do: %s', (kind) => {
  const [small, large] = [looksFor(500, kind), looksFor(1000, kind)];
  expect(large).toBeLessThanOrEqual(2 * small + 10);
});
