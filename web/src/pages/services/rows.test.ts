import type { CoordinationAnswer, ServiceSummary } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { headline, readSort, roleOf, servicesOf } from './rows.ts';

const NOW = 1_800_000_000_000;
const service = (name: string, more: Partial<ServiceSummary> = {}): ServiceSummary => ({
  ...{ name, environment: 'live', versions: [], flowTypes: [], steps: 1, failedSteps: 0 },
  ...{
    sends: [],
    consumes: [],
    sendsTypes: [],
    consumesTypes: [],
    incomplete: false,
    wrongClocks: [],
  },
  firstSeenUnixNano: '0',
  lastSeenUnixNano: String(BigInt(NOW - 10_000) * 1_000_000n),
  silentFromUnixNano: null,
  ...more,
});
const nanosAgo = (ms: number): string => String(BigInt(NOW - ms) * 1_000_000n);
const at = (ms: number): Partial<ServiceSummary> => ({ lastSeenUnixNano: nanosAgo(ms) });

test('services are found by their names, types and destinations', () => {
  const all = [
    service('shop', { sends: ['orders'] }),
    service('mail', { consumes: ['orders'], sendsTypes: [], consumesTypes: [], failedSteps: 4 }),
    service('test', { environment: 'test' }),
  ];
  const names = (environment: string, text: string, sort = ''): string[] =>
    servicesOf(all, environment, text, readSort(sort)).map(({ name }) => name);
  expect(names('', 'ORDERS')).toEqual(['mail', 'shop']);
  expect(names('live', '')).toEqual(['mail', 'shop']);
  expect(names('test', '')).toEqual(['test']);
  expect(names('', '', 'failed')).toEqual(['mail', 'shop', 'test']);
});

test('a service is silent if others are not', () => {
  expect(headline([], NOW)).toBe('No service has been heard of.');
  expect(headline([service('a'), service('b', at(30_000))], NOW)).toBe(
    '2 services. The quietest was heard of 30 s ago.',
  );
  const busy = (ms: number): Partial<ServiceSummary> => ({
    ...at(ms),
    silentFromUnixNano: nanosAgo(ms - 300_000),
  });
  const silent = [service('a'), service('b', busy(360_000)), service('c', busy(600_000))];
  expect(headline(silent, NOW)).toBe(
    '3 services. c is silent: it was last heard of 10 min ago. 1 more is silent too.',
  );
  expect(headline(silent.slice(1), NOW)).toBe('2 services. The last sign of any was 6 min ago.');
});

test('a service is not called silent before its time, or if nobody knows its time', () => {
  const rare = service('desk', { ...at(600_000), silentFromUnixNano: nanosAgo(-1) });
  const seldom = service('new', at(600_000));
  expect(headline([service('a'), rare, seldom], NOW)).toBe(
    '3 services. The quietest was heard of 10 min ago.',
  );
});

test('what a service is to the flow types', () => {
  const types = ['order', 'refund'].map((type) => ({
    ...{ type, conductor: 'boss', knows: [{ service: 'boss', knows: ['mail', type] }] },
    ifStops: [{ service: 'boss', flowsShare: 1, heldShare: 1 }],
    blocked: [],
  }));
  expect(roleOf({ types } as unknown as CoordinationAnswer, 'boss')).toEqual({
    conducts: ['order', 'refund'],
    knows: ['mail', 'order', 'refund'],
    ifStops: [
      { type: 'order', share: 1, missesShare: 0 },
      { type: 'refund', share: 1, missesShare: 0 },
    ],
    blocked: [],
  });
});
