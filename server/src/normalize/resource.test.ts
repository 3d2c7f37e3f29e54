import { expect, test } from 'vitest';
import { createNormalizer } from './index.ts';
import type { OtlpSpan } from '../model/otlp.ts';
import { unixNanos } from '../model/time.ts';

const serviceOf = (...attributes: string[]): unknown => {
  const normalizer = createNormalizer({ identityKeys: [], searchKeys: [] });
  const span: OtlpSpan = {
    resource: { attributes: ['service.name', 'shop', ...attributes] },
    scopeName: '',
    traceId: '1'.padStart(32, '0'),
    spanId: '1'.padStart(16, '0'),
    parentSpanId: '',
    traceState: '',
    flags: 1,
    name: 'work',
    kind: 1,
    start: unixNanos(0n),
    end: unixNanos(1n),
    attributes: [],
    events: [],
    links: [],
    statusCode: 0,
    statusMessage: '',
  };
  return normalizer.span(span, 0).span.service;
};

test('a process is known by where it runs, if somebody says so', () => {
  const shop = { environment: '', name: 'shop', version: '', instance: '' };
  expect(serviceOf()).toEqual(shop);
  expect(serviceOf('host.name', 'pod-7', 'host.id', 'x')).toEqual({ ...shop, host: 'pod-7' });
  expect(serviceOf('host.id', 'x', 'service.instance.id', '1')).toEqual({
    ...shop,
    instance: '1',
    host: 'x',
  });
});
