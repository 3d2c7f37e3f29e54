import { expect, test } from 'vitest';
import { manualClock } from '../base/clock.ts';
import { createCounters } from '../base/counters.ts';
import { FermataError } from '../base/errors.ts';
import { silentLog } from '../base/log.ts';
import type { Incident, Notification } from '../model/incident.ts';
import { createDelivery, type DeliveryOptions } from './delivery.ts';
import { newIncident } from './incidents/index.ts';
import { moved, newNotification } from './transitions.ts';

const HOUR = 3_600_000;
type Answered = { status: number; retryAfterMs: number | null } | Error;

function bench(over: { event?: Notification['event']; isUnsaved?: boolean } = {}) {
  const clock = manualClock();
  const incident: Incident = newIncident(
    {
      ...{ key: 'k', rule: 'failed-step', severity: 'critical', lasting: false, environment: '' },
      ...{ flowType: 'order', service: null, step: null },
    },
    clock.now(),
  );
  const all = new Map<string, Notification>();
  const about = { id: 'n', event: over.event ?? 'opened', channel: 'ops', reason: '' } as const;
  all.set('n', newNotification({ ...about, incident, waitMs: 0 }, clock.now()));
  const posts: string[] = [];
  const refusals: string[] = [];
  const sent: string[] = [];
  const state = {
    answer: { status: 200, retryAfterMs: null } as Answered,
    hold: null as ReturnType<DeliveryOptions['heldBy']>,
    incident: incident as Incident | undefined,
  };
  const channel = { name: 'ops', kind: 'webhook', url: 'http://ops.example', secret: '' };
  const channels = new Map([['ops', channel]]) as unknown as DeliveryOptions['channels'];
  const deliver = createDelivery({
    ...{ clock, channels, counters: createCounters(), log: silentLog, random: () => 1 },
    guard: {
      post: async (_url: string, _headers: unknown, body: string) => {
        posts.push(body);
        if (state.answer instanceof Error) throw state.answer;
        return state.answer;
      },
    } as unknown as DeliveryOptions['guard'],
    notifications: {
      all,
      move: (id: string, transition: Parameters<typeof moved>[1]) => {
        const next = moved(all.get(id)!, transition, clock.now());
        all.set(id, next);
        return next;
      },
    } as unknown as DeliveryOptions['notifications'],
    incidents: { get: () => state.incident },
    refusals: {
      refused: (_channel, error) => void refusals.push(error),
      over: () => void refusals.push('over'),
    },
    saver: { now: async () => undefined, isUnsaved: () => over.isUnsaved ?? false },
    heldBy: () => state.hold,
    linkTo: ({ id }) => `http://fermata.example/${id}`,
    onSent: ({ id }) => void sent.push(id),
  });
  const attempt = async (answer?: Answered): Promise<Notification> => {
    if (answer !== undefined) state.answer = answer;
    await deliver('n');
    return all.get('n')!;
  };
  return { clock, all, channels, posts, refusals, sent, state, attempt };
}
const answered = (status: number, retryAfterMs: number | null = null): Answered => ({
  ...{ status, retryAfterMs },
});

test('what is taken is sent, once', async () => {
  const { attempt, posts, sent, refusals } = bench();
  await expect(attempt()).resolves.toMatchObject({ state: 'sent', attempts: 1, lastError: '' });
  await attempt();
  expect([posts.length, sent, refusals]).toEqual([1, ['n'], ['over']]);
});

test.each([500, 503, 408, 429])('an answer of %i is tried again', async (status) => {
  const { clock, attempt } = bench();
  const { state, nextAt, lastError } = await attempt(answered(status));
  expect([state, nextAt - clock.now(), lastError]).toEqual(['pending', 1000, `answered ${status}`]);
});

test.each([400, 401, 404, 410])('an answer of %i is for good', async (status) => {
  const { attempt, refusals } = bench();
  await expect(attempt(answered(status))).resolves.toMatchObject({ state: 'dead' });
  expect(refusals).toEqual([`answered ${status}`]);
});

test('redirects are not followed', async () => {
  const { attempt } = bench();
  await expect(attempt(answered(302))).resolves.toMatchObject({
    ...{ state: 'dead', lastError: 'answered 302; redirects are not followed' },
  });
});

test('it is tried ever more seldom, at least every ten minutes, with the same text', async () => {
  const { clock, attempt, posts } = bench();
  const waits: number[] = [];
  for (let i = 0; i < 12; i++)
    waits.push(((await attempt(answered(500))).nextAt - clock.now()) / 1000);
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
  expect(new Set(posts).size).toBe(1);
});

test('the receiver may ask for more time, and not for more than a day', async () => {
  const { clock, attempt } = bench();
  expect((await attempt(answered(429, 120_000))).nextAt).toBe(clock.now() + 120_000);
  expect((await attempt(answered(429, 100 * HOUR))).nextAt).toBe(clock.now() + 24 * HOUR);
});

test('after a day it is dead', async () => {
  const { clock, attempt } = bench();
  await attempt(new Error('no route'));
  clock.advance(24 * HOUR - 1);
  await expect(attempt()).resolves.toMatchObject({ state: 'pending', lastError: 'no route' });
  clock.advance(1);
  await expect(attempt()).resolves.toMatchObject({ state: 'dead' });
});

test('an address that nothing may go to is refused for good', async () => {
  const { attempt } = bench();
  await expect(attempt(new FermataError('alert.refused', 'private'))).resolves.toMatchObject({
    ...{ state: 'dead', lastError: 'private' },
  });
});

test('what is held is asked again, what is held without end is dropped', async () => {
  const { clock, attempt, posts, state } = bench();
  state.hold = { reason: 'silenced', until: clock.now() + 50 };
  await expect(attempt()).resolves.toMatchObject({
    ...{ state: 'waiting', reason: 'silenced', nextAt: clock.now() + 50 },
  });
  state.hold = { reason: 'acknowledged', until: null };
  await expect(attempt()).resolves.toMatchObject({ state: 'dropped', reason: 'acknowledged' });
  expect(posts).toEqual([]);
});

test('what is resolved before it was sent is not told, its end is told whatever holds', async () => {
  const opened = bench();
  opened.state.incident = { ...opened.state.incident!, status: 'resolved' };
  await expect(opened.attempt()).resolves.toMatchObject({ state: 'dropped' });
  const resolved = bench({ event: 'resolved' });
  resolved.state.incident = { ...resolved.state.incident!, status: 'resolved' };
  resolved.state.hold = { reason: 'silenced', until: null };
  await expect(resolved.attempt()).resolves.toMatchObject({ state: 'sent' });
});

test('without its incident or channel there is nobody to tell, or nothing', async () => {
  const [incident, channel] = [bench(), bench()];
  incident.state.incident = undefined;
  await expect(incident.attempt()).resolves.toMatchObject({ reason: 'the incident is gone' });
  (channel.channels as Map<string, unknown>).clear();
  await expect(channel.attempt()).resolves.toMatchObject({ reason: 'the channel is gone' });
});

test('what could not be written down is not sent', async () => {
  const { clock, attempt, posts } = bench({ isUnsaved: true });
  await expect(attempt()).resolves.toMatchObject({
    ...{ state: 'pending', attempts: 0, nextAt: clock.now() + 1000 },
  });
  expect(posts).toEqual([]);
});
