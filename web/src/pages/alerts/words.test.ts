import type { AlertRoute, Notification } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { nobodyText, reasonText, routeDetails, routeScope, toldText } from './words.ts';

const NOW = new Date(2026, 10, 29, 12, 30).getTime();
const time = (hour: number, minute: number, second: number): string =>
  new Date(2026, 10, 29, hour, minute, second).toISOString();
const one = (over: Partial<Notification>): Notification => ({
  ...{ id: 'n', incidentId: 'i', event: 'opened', channel: 'ops', state: 'sent', attempts: 1 },
  ...{ reason: 'matches a route; group wait 3000 ms', lastError: '' },
  ...{ createdAt: time(12, 2, 0), nextAt: time(12, 2, 3), changedAt: time(12, 2, 3) },
  ...over,
});
const text = (over: Partial<Notification>): string => {
  const { text: said, why } = toldText(one(over), () => 'email', NOW);
  return why === '' ? said : `${said}: ${why}`;
};

test('what was decided is said in plain words', () => {
  expect(text({})).toBe('Told ops by mail at 12:02:03, 3.00 s after it opened');
  expect(text({ event: 'escalated' })).toContain('because nobody had acknowledged');
  expect(text({ state: 'dropped', reason: 'acknowledged before it was sent' })).toBe(
    'Did not tell ops by mail at 12:02:03: acknowledged before it was sent',
  );
  expect(text({ state: 'dead', attempts: 1, lastError: 'connect ECONNREFUSED' })).toBe(
    'Could not reach ops by mail at 12:02:03: connect ECONNREFUSED',
  );
  expect(text({ state: 'waiting' })).toBe(
    'Will tell ops by mail at 12:02:03: waits 3.00 s for more of the same',
  );
  expect(text({ state: 'pending', attempts: 2, lastError: 'answered 503' })).toContain(
    'next attempt at 12:02:03: answered 503',
  );
});

test('times in reasons are times of people', () => {
  expect(reasonText('nobody acknowledged within 900000 ms')).toMatch(
    /^unless somebody acknowledges within 15 m/,
  );
  expect(reasonText('matches a route; group wait 0 ms')).toBe('');
  expect(reasonText('silenced: maintenance')).toBe('silenced: maintenance');
});

test.each<[number, boolean, string]>([
  [1, false, 'Nobody: no route matches it.'],
  [0, false, 'Nobody: no channel is configured.'],
  [1, true, 'Not known: notifications that old are no longer kept.'],
  [0, true, 'Not known: notifications that old are no longer kept.'],
])('of an incident without notifications: %i channels, incomplete %s', (count, lacks, text) =>
  expect(nobodyText(count, lacks)).toBe(text),
);

test('a route says whom, what and when', () => {
  const route: AlertRoute = {
    ...{ severities: ['critical', 'warning'], rules: [], types: ['order'], services: [] },
    ...{ channels: ['ops'], groupWaitMs: 10_000, repeatMs: 0 },
    mute: [{ days: ['sat', 'sun'], from: '22:00', to: '06:00', timezone: 'Europe/Berlin' }],
    escalate: { afterMs: 900_000, to: 'boss' },
  };
  expect(routeScope(route)).toBe('Critical and warning incidents of type order');
  expect(routeDetails(route)).toEqual([
    'Waits 10.0 s for more of the same',
    expect.stringMatching(/^Escalates to boss if nobody acknowledges within 15 m/),
    'Muted Sat and Sun from 22:00 to 06:00 (Europe/Berlin)',
  ]);
  expect(routeScope({ ...route, severities: [], types: [] })).toBe('All incidents');
});
