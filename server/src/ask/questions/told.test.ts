import { expect, test } from 'vitest';
import type { Client } from '../client.ts';
import { incidents } from './incidents.ts';

const NOW = 1_800_000_000_000;
const at = new Date(NOW - 60_000).toISOString();
const incident = {
  ...{ id: 'i1', title: 'order: pack does not come', severity: 'critical', status: 'open' },
  ...{ openCount: 1, count: 1, firstAt: at, lastAt: at, resolvedAt: null, lasting: true },
  ...{
    foldedInto: 'i0',
    cause: null,
    ack: null,
    notes: [],
    exampleFlowIds: ['f1'],
    trend: [],
    keys: [],
    parts: [],
  },
};
const NOTIFICATIONS = '/api/v1/alerts/notifications';
const told = (incidentId: string, createdAt = at) => ({
  ...{ incidentId, createdAt, channel: 'ops', event: 'opened', state: 'sent', reason: '' },
  lastError: '',
});
/** A server with these channels, incidents and notifications. */
const server = (
  channels: string[],
  listed: object[],
  notifications: ReturnType<typeof told>[] = [],
): Client => {
  const answers: Record<string, object> = {
    '/api/v1/alerts/channels': { items: channels.map((name) => ({ name })) },
    '/api/v1/incidents': { items: listed, total: listed.length },
    '/api/v1/incidents/i1': incident,
  };
  return {
    url: '',
    open: () => Promise.reject(new Error('not asked for')),
    get: <T>(path: string, { limit = 200, incidentId }: Record<string, unknown> = {}) =>
      Promise.resolve(
        (path === NOTIFICATIONS
          ? {
              items: notifications
                .filter((one) => incidentId === undefined || one.incidentId === incidentId)
                .slice(0, Number(limit)),
            }
          : answers[path]) as T,
      ),
  };
};
const said = async (client: Client, input: object = {}): Promise<string> =>
  (await incidents.ask(client, { limit: 20, ...input }, NOW)).text(100);
const NOBODY = 'No alert channel is configured, so nobody was told.';

test('where no channel is configured, incidents say that nobody was told', async () => {
  expect(await said(server([], [incident]))).toContain(NOBODY);
  expect(await said(server([], [incident]), { id: 'i1' })).toContain(NOBODY);
  const { data } = await incidents.ask(server([], [incident]), { limit: 20 }, NOW);
  expect(data).toMatchObject({ alerting: { channels: [], note: expect.stringContaining(NOBODY) } });
});

test('where there is a channel, or nothing to tell of, they do not', async () => {
  expect(await said(server(['ops'], [incident]))).not.toContain('nobody was told');
  expect(await said(server([], []))).not.toContain('nobody was told');
  const one = await said(server(['ops'], [incident]), { id: 'i1' });
  expect(one).toContain('Nobody was told of it.');
  expect(one).not.toContain(NOBODY);
  const of = server(['ops'], [incident], [told('i1')]);
  expect(await said(of, { id: 'i1' })).not.toMatch(/nobody was told/i);
});

test('whoever was told is found after many others, and in the incident that took this one up', async () => {
  const newer = Array.from({ length: 1200 }, () => told('i2', new Date(NOW).toISOString()));
  for (const own of ['i1', 'i0']) {
    const of = server(['ops'], [incident], [...newer, told(own)]);
    expect(await said(of, { id: 'i1' })).toContain('opened');
  }
  const none = server(['ops'], [incident], newer);
  expect(await said(none, { id: 'i1' })).toContain('Nobody was told of it.');
});
