import { expect, test } from 'vitest';
import type { FlowSummary } from '../../contract/index.ts';
import { AskError, type Client } from '../client.ts';
import { flowNamed } from './flow.ts';

const flow = (id: string, key: string, type: string, keys = {}) =>
  ({
    ...{ id, key, type, keys, phase: 'ended', health: 'ok', status: 'completed' },
    startedAtUnixNano: '1800000000000000000',
  }) as unknown as FlowSummary;

/** A server that knows these flows by one name. */
const knows = (flows: FlowSummary[], all = flows.map(({ id }) => id)): Client => ({
  url: 'http://fermata',
  open: () => Promise.reject(new Error('not asked for')),
  get: <T>(path: string) =>
    path === '/api/v1/flows'
      ? Promise.resolve({ items: flows } as T)
      : Promise.reject(new AskError(300, `${all.length} flows`, '', all)),
});
const choicesOf = async (client: Client, name: string): Promise<string[]> => {
  const error = await flowNamed(client, name).catch((reason: unknown) => reason);
  if (!(error instanceof AskError)) throw new Error('one of them was chosen');
  return error.hint
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
};

test('of several flows with one name none is chosen: each is told with what tells it apart', async () => {
  const back = flow('b2', 'return-9', 'return', { order: 'order-7' });
  const order = flow('a1', 'order-7', 'order', { customer: 'Weber' });
  // The flow that is called so itself comes first, whatever is newer.
  expect(await choicesOf(knows([back, order]), 'order-7')).toEqual([
    'a1  order-7, order, completed, 2027-01-15T08:00:00.000Z, customer=Weber',
    'b2  return-9, return, completed, 2027-01-15T08:00:00.000Z, order=order-7',
  ]);
});

test('how many more there are is told', async () => {
  const all = Array.from({ length: 60 }, (_, i) => `f${i}`);
  const listed = all.slice(0, 20).map((id) => flow(id, id, 'order', { customer: 'Weber' }));
  const lines = await choicesOf(knows(listed, all), 'Weber');
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toBe('and 40 more: ask for the flows with key "Weber"');
});
