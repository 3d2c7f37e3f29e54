import { ProxyTracerProvider, trace, type TracerProvider } from '@opentelemetry/api';
import { afterEach, expect, test, vi } from 'vitest';
import { SCOPE } from './scope.ts';
import { tracer } from './tracer.ts';

afterEach(() => vi.restoreAllMocks());

test('one tracer for each provider, asked for once, by name and version', () => {
  const asked: string[][] = [];
  const provider = (name: string): TracerProvider => ({
    getTracer: (...scope) => {
      asked.push([name, ...(scope.slice(0, 2) as string[])]);
      return new ProxyTracerProvider().getTracer('x');
    },
  });
  const current = vi.spyOn(trace, 'getTracerProvider').mockReturnValue(provider('no SDK yet'));
  const first = tracer();
  expect(tracer()).toBe(first);
  current.mockReturnValue(provider('registered later'));
  expect(tracer()).not.toBe(first);
  expect(asked).toEqual([
    ['no SDK yet', SCOPE.name, SCOPE.version],
    ['registered later', SCOPE.name, SCOPE.version],
  ]);
});
