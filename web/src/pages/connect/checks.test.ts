import { describe, expect, test } from 'vitest';
import type { FlowSummary, FlowTypeSummary, ServiceSummary } from '@fermata/server/contract';
import { aloneOf, checksOf, progressOf, sharedDestinations, someOf, type Seen } from './checks.ts';

const service = (name: string, over: Partial<ServiceSummary> = {}): ServiceSummary =>
  ({
    ...{
      name,
      environment: 'prod',
      sends: [],
      consumes: [],
      sendsTypes: [],
      consumesTypes: [],
      wrongClocks: [],
    },
    ...over,
  }) as unknown as ServiceSummary;
const type = (...services: string[]): FlowTypeSummary =>
  ({
    type: 'order',
    environment: 'prod',
    services,
    incomplete: false,
  }) as unknown as FlowTypeSummary;
const flow = (key: string): FlowSummary => ({ key, environment: 'prod' }) as unknown as FlowSummary;
const seen = (over: Partial<Seen>): Seen => ({ services: [], types: [], flows: [], ...over });
const statesOf = (over: Partial<Seen>): Record<string, string> =>
  Object.fromEntries(checksOf(seen(over)).map(({ id, state }) => [id, state]));

test('with nothing seen everything is waited for, each with what to do', () => {
  const checks = checksOf(seen({}));
  expect(new Set(checks.map(({ state }) => state))).toEqual(new Set(['waiting']));
  for (const { todo, found } of checks) expect([todo.length > 10, found]).toEqual([true, '']);
  expect(progressOf(checks)).toBe('0 of 6 seen');
});

test('a shop with two services that exchange messages has all of it', () => {
  const all = {
    services: [
      service('shop', { sends: ['orders'] }),
      service('payment', { consumes: ['orders'] }),
    ],
    types: [type('shop', 'payment')],
    flows: [flow(''), flow('order-7')],
  };
  expect(new Set(Object.values(statesOf(all)))).toEqual(new Set(['done']));
  const checks = checksOf(seen(all));
  expect(checks.find(({ id }) => id === 'name')!.found).toBe('order-7');
  expect(progressOf(checks)).toBe('All seen');
});

test("the doctor's test flow is no service that lacks others, and no flow with a name", () => {
  const environment = 'fermata-doctor';
  const doctor = {
    services: [service('fermata-doctor', { environment })],
    types: [{ ...type('fermata-doctor'), environment }],
    flows: [{ ...flow('doctor-1'), environment }],
  };
  expect(new Set(Object.values(statesOf(doctor)))).toEqual(new Set(['waiting']));
  const shop = {
    services: [...doctor.services, service('shop'), service('payment')],
    types: [...doctor.types, type('shop', 'payment')],
  };
  expect(statesOf(shop)).toMatchObject({ span: 'done', joined: 'done' });
  const joined = checksOf(seen(shop)).find(({ id }) => id === 'joined')!;
  expect(joined.found).toBe('2 services, each with others');
});

describe('what is missing is told apart', () => {
  test('spans without messages', () => {
    const states = statesOf({ services: [service('shop')], types: [type('shop')] });
    expect(states).toMatchObject({ span: 'done', message: 'waiting', joined: 'waiting' });
  });
  test('a message that is seen from one side only', () => {
    const services = [service('shop', { sends: ['orders'] })];
    expect(statesOf({ services })).toMatchObject({ message: 'done', hop: 'waiting' });
  });
  test('flows without a name', () => {
    expect(statesOf({ flows: [flow('')] })['name']).toBe('waiting');
  });
  test('a clock that is wrong', () => {
    const wrongClocks = [{ instance: 'i', aheadMs: -2500 }];
    const check = checksOf(seen({ services: [service('shop', { wrongClocks })] })).at(-1)!;
    expect([check.state, check.found]).toEqual(['problem', 'shop (2.5 s behind)']);
  });
});

test('services that are in no flow with others are named', () => {
  const services = [service('shop'), service('payment'), service('audit')];
  const types = [type('shop', 'payment'), type('audit')];
  expect(aloneOf(seen({ services, types }))).toEqual(['audit']);
  const joined = checksOf(seen({ services, types })).find(({ id }) => id === 'joined')!;
  expect(joined).toMatchObject({
    state: 'problem',
    found: expect.stringContaining('audit') as string,
  });
});

test('a destination is shared within one environment only', () => {
  const sends = service('shop', { sends: ['orders', 'mails'] });
  expect(sharedDestinations([sends, service('a', { consumes: ['orders'] })])).toEqual(['orders']);
  const elsewhere = service('a', {
    consumes: ['orders'],
    sendsTypes: [],
    consumesTypes: [],
    environment: 'test',
  });
  expect(sharedDestinations([sends, elsewhere])).toEqual([]);
});

test('long lists are cut', () => {
  expect(someOf(['a', 'b'])).toBe('a, b');
  expect(someOf(['a', 'b', 'c', 'd', 'e'])).toBe('a, b, c and 2 more');
});
