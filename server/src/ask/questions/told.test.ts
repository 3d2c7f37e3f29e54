import { expect, test } from 'vitest';
import type { Client } from '../client.ts';
import { incidents } from './incidents.ts';

const NOW = 1_800_000_000_000;
const at = new Date(NOW - 60_000).toISOString();
const incident = {
  ...{ id: 'i1', title: 'order: pack does not come', severity: 'critical', status: 'open' },
  ...{ openCount: 1, count: 1, firstAt: at, lastAt: at, resolvedAt: null, lasting: true },
  ...{ cause: null, ack: null, notes: [], exampleFlowIds: ['f1'], trend: [], keys: [], parts: [] },
};
/** A server with these channels, incidents and notifications. */
const server = (channels: string[], listed: object[], notifications: object[] = []): Client => {
  const answers: Record<string, object> = {
    '/api/v1/alerts/channels': { items: channels.map((name) => ({ name })) },
    '/api/v1/alerts/notifications': { items: notifications },
    '/api/v1/incidents': { items: listed, total: listed.length },
    '/api/v1/incidents/i1': incident,
  };
  return {
    url: '',
    open: () => Promise.reject(new Error('not asked for')),
    get: <T>(path: string) => Promise.resolve(answers[path] as T),
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
  const told = { incidentId: 'i1', createdAt: at, channel: 'ops', event: 'opened', state: 'sent' };
  const of = server(['ops'], [incident], [{ ...told, reason: '', lastError: '' }]);
  expect(await said(of, { id: 'i1' })).not.toMatch(/nobody was told/i);
});
