import { describe, expect, test } from 'vitest';
import type { Notification } from '../model/incident.ts';
import { isUndecided, moved, newNotification, type Transition } from './transitions.ts';

const NOW = 1_000_000;
const born = (event: Notification['event'] = 'opened'): Notification =>
  newNotification(
    {
      ...{ id: 'i:opened:ops', event, channel: 'ops', reason: 'matches a route' },
      ...{ incident: { id: 'i' }, waitMs: 10_000 },
    },
    NOW,
  );
const through = (...transitions: Transition[]): Notification =>
  transitions.reduce((notification, one, i) => moved(notification, one, NOW + i), born());

test('what opened waits for its group, what resolved is told at once', () => {
  expect(born()).toMatchObject({ state: 'waiting', nextAt: NOW + 10_000, attempts: 0 });
  expect(born('resolved')).toMatchObject({ state: 'pending' });
});

test('held, composed, failed, sent: each step says why, when and how often', () => {
  const held = through({ kind: 'held', reason: 'silenced', untilMs: NOW + 60_000 });
  expect(held).toMatchObject({ state: 'waiting', reason: 'silenced', nextAt: NOW + 60_000 });
  const failed = through(
    { kind: 'composed', body: '{}' },
    { kind: 'failed', error: 'answered 500', untilMs: NOW + 1000 },
    { kind: 'failed', error: 'answered 503', untilMs: NOW + 2000 },
  );
  expect(failed).toMatchObject({
    ...{ state: 'pending', body: '{}', attempts: 2, failedAt: NOW + 1 },
    ...{ lastError: 'answered 503', nextAt: NOW + 2000 },
  });
  expect(moved(failed, { kind: 'sent' }, NOW)).toMatchObject({
    state: 'sent',
    attempts: 3,
    lastError: '',
  });
  expect(moved(failed, { kind: 'refused', error: 'answered 400' }, NOW)).toMatchObject({
    state: 'dead',
  });
});

test('a transition makes a greater version and leaves the earlier one as it was', () => {
  const before = born();
  const after = moved(before, { kind: 'dropped', reason: 'resolved' }, NOW);
  expect(before).toEqual(born());
  expect(after.version).toBeGreaterThan(before.version);
});

describe('what is decided stays so', () => {
  const decided = {
    sent: through({ kind: 'composed', body: '{}' }, { kind: 'sent' }),
    dead: through({ kind: 'composed', body: '{}' }, { kind: 'refused', error: 'answered 400' }),
    dropped: through({ kind: 'dropped', reason: 'gone' }),
  };
  test.each(Object.entries(decided))('%s', (state, notification) => {
    expect(notification.state).toBe(state);
    expect(isUndecided(notification)).toBe(false);
    expect(() => moved(notification, { kind: 'sent' }, NOW)).toThrow(
      `that is ${state} cannot be sent`,
    );
    expect(() => moved(notification, { kind: 'dropped', reason: '' }, NOW)).toThrow();
  });
  test('what was not composed cannot be sent', () => {
    expect(() => through({ kind: 'sent' })).toThrow('that is waiting cannot be sent');
  });
});
