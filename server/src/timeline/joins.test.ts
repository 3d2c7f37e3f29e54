import { expect, test } from 'vitest';
import type { Flow } from '../model/flow.ts';
import { flowsOf } from '../testing/correlator-harness.ts';

/** Returns the evidence (kind and value) that joins each step to the flow, by the step's name. */
const joinsOf = (flow: Flow | undefined): Record<string, string[]> =>
  Object.fromEntries(
    (flow?.steps ?? []).flatMap(({ name, joinedBy }) =>
      joinedBy === undefined ? [] : [[name, joinedBy.map(({ kind, value }) => `${kind} ${value}`)]],
    ),
  );

test('what an identity key joins says by which value, on each side', () => {
  const [flow, ...others] = flowsOf(
    { trace: '1', id: '1', service: 'shop', identities: ['order.id\0' + '42'] },
    { trace: '2', id: '2', service: 'stock', identities: ['order.id\0' + '42'], at: 5 },
  );
  expect(others).toEqual([]);
  expect(Object.values(joinsOf(flow))).toEqual([
    ['identity-key order.id=42'],
    ['identity-key order.id=42'],
  ]);
});

test('what a conversation joins says which one', () => {
  const [flow, ...others] = flowsOf(
    { trace: '1', id: '1', role: 'send', service: 'shop', conversation: 'c-7' },
    { trace: '2', id: '2', role: 'send', service: 'stock', conversation: 'c-7', at: 5 },
  );
  expect(others).toEqual([]);
  expect(Object.values(joinsOf(flow))).toEqual([['conversation c-7'], ['conversation c-7']]);
});

test('several starts under one id say the id; what a message caused says it by its hop alone', () => {
  const [flow] = flowsOf(
    { trace: '1', id: '1', service: 'shop', flow: 'o', type: 't' },
    { trace: '1', id: '2', parent: '1', role: 'send', service: 'shop', message: 'm', at: 1 },
    { trace: '2', id: '3', role: 'process', service: 'stock', message: 'm', at: 5 },
    { trace: '3', id: '4', service: 'mail', flow: 'o', type: 't', at: 9 },
  );
  const joins = joinsOf(flow);
  expect(Object.values(joins)).toEqual([['flow-id o'], ['flow-id o']]);
  const caused = flow!.steps.filter(({ causedBy }) => causedBy.length > 0);
  expect(caused.map(({ joinedBy }) => joinedBy)).toEqual([undefined]);
});

test('a flow with one start needs no proof', () => {
  const [flow] = flowsOf({
    trace: '1',
    id: '1',
    service: 'shop',
    identities: ['order.id\0' + '42'],
  });
  expect(joinsOf(flow)).toEqual({});
});
