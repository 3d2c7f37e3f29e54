import { expect, test } from 'vitest';
import { endpointOf } from './endpoint.ts';

const BASE = 'OTEL_EXPORTER_OTLP_ENDPOINT';
const TRACES = 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';
const GRPC = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };

test.each([
  [{}, 'http://localhost:4318/v1/traces'],
  [{ [BASE]: 'http://a:1' }, 'http://a:1/v1/traces'],
  [{ [BASE]: 'http://a:1/' }, 'http://a:1/v1/traces'],
  [{ [BASE]: 'http://a:1/otlp' }, 'http://a:1/otlp/v1/traces'],
  [{ [BASE]: 'http://a:1', [TRACES]: 'https://b:2/x' }, 'https://b:2/x'],
  [{ ...GRPC }, 'http://localhost:4317/'],
  [{ ...GRPC, [BASE]: 'a:1' }, 'https://a:1/'],
  [{ ...GRPC, [BASE]: 'a:1', OTEL_EXPORTER_OTLP_INSECURE: 'true' }, 'http://a:1/'],
] as const)('%j leads to %s', (env, href) => {
  const endpoint = endpointOf(env);
  expect('url' in endpoint && endpoint.url.href).toBe(href);
});

test('headers of both variables are read, and percent-encoding is undone', () => {
  const env = {
    OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20x, a=1',
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'a=2,%',
  };
  const endpoint = endpointOf(env);
  expect('headers' in endpoint && endpoint.headers).toEqual({ authorization: 'Bearer x', a: '2' });
});
