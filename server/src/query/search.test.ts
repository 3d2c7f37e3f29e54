import { expect, test } from 'vitest';
import type { FlowPosition } from '../model/search.ts';
import { unixNanos } from '../model/time.ts';
import { readSearch, writeCursor } from './search.ts';

const NOW = Date.parse('2024-01-01T00:00:00Z');
const read = (query: object) => readSearch(query, NOW);

test('without parameters: everything, a page of it', () => {
  expect(read({})).toEqual({ limit: 100 });
});

test('lists are repeated or separated by commas; empty parts say nothing', () => {
  expect(read({ type: 'a,b', service: ['x', 'y,z'], environment: ',' })).toEqual({
    ...{ limit: 100, types: ['a', 'b'], services: ['x', 'y', 'z'], environments: [] },
  });
});

test('a status that there is not is refused, and named', () => {
  expect(read({ status: 'stuck,late' }).statuses).toEqual(['stuck', 'late']);
  expect(() => read({ status: 'stuck,broken' })).toThrow(/status: "broken" is none of .*stuck/);
});

test('a parameter that nobody knows is refused, not ignored', () => {
  expect(() => read({ typ: 'a' })).toThrow(/typ/);
});

test.each(['1001', 'many', '1.5', '-1'])('a limit of %s is refused', (limit) => {
  expect(() => read({ limit })).toThrow('limit');
});

test('a limit is a number however it is written', () => {
  expect(read({ limit: '1000' }).limit).toBe(1000);
  // With 0 the flows are only counted.
  expect(read({ limit: '0' }).limit).toBe(0);
});

test('instants are nanoseconds or ISO 8601 with a zone', () => {
  expect(read({ from: '5', to: '2024-01-01T01:00:00+01:00' })).toMatchObject({
    ...{ from: 5n, to: BigInt(NOW) * 1_000_000n },
  });
  expect(read({ from: '18446744073709551615' }).from).toBe(2n ** 64n - 1n);
});

test.each([
  '2024-01-01',
  '2024-01-01T00:00:00',
  'yesterday',
  '18446744073709551616',
  '2024-13-01T00:00:00Z',
  '-5',
])('%s is no instant', (from) => {
  expect(() => read({ from })).toThrow();
});

test('a query is parsed, at this moment', () => {
  expect(read({ q: 'since:1h' }).query).toEqual({
    ...{ kind: 'time', op: 'since', atMs: NOW - 3_600_000 },
  });
  expect(() => read({ q: 'status:' })).toThrow('column 8');
  expect('query' in read({ q: '' })).toBe(false);
  // Queries have a maximum length, because a lens appends a trait to them.
  expect(() => read({ q: 'x'.repeat(1001) })).toThrow('q');
});

test('an incident is one key; of none, nothing is filtered', () => {
  expect(read({ incident: 'i' }).incidents).toEqual(['i']);
  expect('incidents' in read({ incident: '' })).toBe(false);
});

const POSITION: FlowPosition = {
  ...{ atMs: NOW, value: 2n ** 64n - 1n, started: unixNanos(5n), id: 'flow.2' },
};

test('a cursor comes back as what it was, in the order that it is of', () => {
  expect(read({ cursor: writeCursor(POSITION) }).after).toEqual(POSITION);
  const order = { by: 'duration', ascends: true } as const;
  const cursor = writeCursor(POSITION, order);
  expect(read({ cursor, sort: 'duration', order: 'asc' })).toMatchObject({
    ...{ order, after: POSITION },
  });
  for (const other of [{}, { sort: 'duration' }, { sort: 'waiting', order: 'asc' }])
    expect(() => read({ cursor, ...other }), JSON.stringify(other)).toThrow('of another order');
});

test('an order is one of those that there are', () => {
  expect(read({ sort: 'waiting' }).order).toEqual({ by: 'waiting', ascends: false });
  expect(read({ order: 'asc' }).order).toEqual({ by: 'started', ascends: true });
  expect(read({ sort: 'started', order: 'desc' })).toEqual({ limit: 100 });
  expect(() => read({ sort: 'name' })).toThrow('sort');
  expect(() => read({ order: 'up' })).toThrow('order');
});

test.each([
  'nonsense',
  Buffer.from('1').toString('base64url'),
  Buffer.from('started- 1 1 1').toString('base64url'),
  Buffer.from('started- 1 18446744073709551616 1 y').toString('base64url'),
  Buffer.from('started- 1 1 18446744073709551616 y').toString('base64url'),
  Buffer.from('started- 1 1 1 a b').toString('base64url'),
  writeCursor({ ...POSITION, value: -1n }),
  writeCursor({ ...POSITION, atMs: 1.5 }),
])('cursor %s is not one of ours', (cursor) => {
  expect(() => read({ cursor })).toThrow('cursor: not one of ours');
});
