import { expect, test } from 'vitest';
import type { OtlpSpan } from '../../model/otlp.ts';
import { attributes, createLab, type Guard } from '../../testing/lab.ts';

/**
 * Tests the whole path from spans to notifications: one dependency fails, and several services use
 * it in different roles.
 */
const START = 1_794_000_000_000;
let ids = 0;
const hex = (digits: number): string => (++ids).toString(16).padStart(digits, '0');
const span = (
  service: string,
  atMs: number,
  over: Partial<OtlpSpan> & { error?: string },
): OtlpSpan => {
  const { error, ...rest } = over;
  const nanos = (ms: number): OtlpSpan['start'] => (BigInt(ms) * 1_000_000n) as OtlpSpan['start'];
  return {
    ...{
      resource: { attributes: ['service.name', service] },
      scopeName: 'test',
      traceId: hex(32),
      spanId: hex(16),
    },
    ...{
      parentSpanId: '',
      traceState: '',
      flags: 0x101,
      name: service,
      kind: 2,
      attributes: [],
      events: [],
      links: [],
    },
    ...{
      start: nanos(atMs),
      end: nanos(atMs + 20),
      statusCode: error ? 2 : 0,
      statusMessage: error ?? '',
    },
    ...rest,
  };
};
const route = (path: string): OtlpSpan['attributes'] =>
  attributes({ 'http.request.method': 'POST', 'http.route': path });

const ERRORS = [
  'connect ECONNREFUSED redis-1:6379',
  'Redis connection to redis-1:6379 failed: read ETIMEDOUT',
  'Unable to connect to redis-1/<unresolved>:6379',
  'getaddrinfo ENOTFOUND redis-1',
];
const play = async (errorOf: (type: number) => string | undefined) => {
  const sent: string[] = [];
  const guard: Guard = {
    mail: () => Promise.reject(new Error('no mail here')),
    async post(_url, headers) {
      sent.push(headers['idempotency-key']!);
      return { status: 200, retryAfterMs: null };
    },
  };
  const lab = await createLab({
    startMs: START,
    alerts: {
      guard,
      channels: [{ name: 'ops', kind: 'webhook', url: 'http://ops', secret: '', from: '', to: [] }],
      routes: [
        {
          ...{ severities: [], rules: [], types: [], services: [], channels: ['ops'] },
          ...{ groupWaitMs: 10_000, repeatMs: 0, mute: [], escalate: null },
        },
      ],
    },
  });
  for (let i = 0; i < 20; i++) {
    const error = errorOf(i % 4);
    await lab.deliver([
      span(`service-${i % 4}`, lab.clock.now() - 100, {
        attributes: route(`/flow-${i % 4}`),
        ...(error && { error }),
      }),
    ]);
    await lab.advance(1000);
  }
  await lab.advance(60_000);
  const incidents = lab.alerts!.incidents();
  await lab.stop();
  return { incidents, sent };
};

test('four flow types fail on one Redis, each in its own words: one incident, told once', async () => {
  const { incidents, sent } = await play((type) => ERRORS[type]);
  expect(incidents).toMatchObject([
    {
      cause: 'errors of 4 services name redis-1: is it up?',
      dependency: 'redis-1',
      count: 20,
    },
  ]);
  expect(new Set(incidents[0]!.parts.map(({ flowType }) => flowType)).size).toBe(4);
  expect(sent).toHaveLength(1);
});

test('two of them fail on another one: two incidents', async () => {
  const { incidents, sent } = await play((type) =>
    ERRORS[type]!.replace('redis-1', `redis-${1 + (type % 2)}`),
  );
  expect(incidents.map(({ dependency, count }) => `${dependency} ${count}`).sort()).toEqual([
    'redis-1 10',
    'redis-2 10',
  ]);
  expect(sent).toHaveLength(2);
});

test('the same words in services that share nothing: an incident each', async () => {
  const { incidents } = await play(() => 'the operation timed out');
  expect(incidents).toHaveLength(4);
  expect(incidents.every(({ cause }) => cause === null)).toBe(true);
});
