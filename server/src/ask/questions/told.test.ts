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
  incomplete = false,
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
              incomplete,
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

test('who was told is what the server says of the incident, and whether that is all', async () => {
  const newer = Array.from({ length: 1200 }, () => told('i2', new Date(NOW).toISOString()));
  const of = server(['ops'], [incident], [...newer, told('i1')]);
  expect(await said(of, { id: 'i1' })).toMatch(/opened[^]*sent\s*$/);
  const none = server(['ops'], [incident], newer);
  expect(await said(none, { id: 'i1' })).toContain('Nobody was told of it.');
});

test.each([
  [['ops'], 0, 'Who was told is not known: notifications that old are no longer kept.'],
  [[], 0, 'Who was told is not known: notifications that old are no longer kept.'],
  [['ops'], 1, 'Older notifications are not listed.'],
])('what is no longer kept is not taken for nothing: channels %j, %i known', async (...of) => {
  const [channels, count, text] = of;
  const known = Array.from({ length: count }, () => told('i1'));
  const client = server(channels, [incident], known, true);
  const answer = await said(client, { id: 'i1' });
  expect(answer).toContain(text);
  expect(answer).not.toMatch(/nobody was told/i);
  expect((await incidents.ask(client, { id: 'i1', limit: 20 }, NOW)).data).toMatchObject({
    incomplete: true,
  });
});
