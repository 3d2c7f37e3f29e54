import { expect, test } from 'vitest';
import { manualClock } from '../base/clock.ts';
import type { Notification } from '../model/incident.ts';
import { createNotificationLog, MAX_NOTIFICATIONS } from './notification-log.ts';

const note = (createdAt: number, state: Notification['state'] = 'sent'): Notification => ({
  ...{ id: `n${createdAt}`, incidentId: 'i', event: 'opened', channel: 'ops', state },
  ...{ reason: '', attempts: 0, createdAt, nextAt: 0, lastError: '' },
  ...{ body: '', version: createdAt },
});
/** The notifications that were made at these times, as the store gives them. */
const stored = (from: number, to: number): Notification[] =>
  Array.from({ length: to - from }, (_, i) => note(to - 1 - i));
const added = (createdAt: number) => ({
  ...{ id: `n${createdAt}`, incident: { id: 'i' }, event: 'opened' as const, channel: 'ops' },
  ...{ reason: '', waitMs: 0 },
});

test.each<[string, Notification[], number[], number | null, number]>([
  ['few', stored(0, 10), [10, 11], null, 0],
  ['as many as are kept, and none more', stored(0, MAX_NOTIFICATIONS - 1), [20_000], null, 0],
  ['all that are loaded: the store may have more', stored(5, MAX_NOTIFICATIONS + 5), [], 5, 5],
  ['the oldest goes first', stored(5, MAX_NOTIFICATIONS + 5), [20_000, 20_001], 6, 7],
  ['not one that is undecided', undecidedFirst(), [20_000], 2, 1],
])('kept: %s', (_case, loaded, more, forgottenAt, oldest) => {
  const clock = manualClock(0);
  const log = createNotificationLog(clock, () => undefined);
  log.load(loaded);
  for (const at of more) {
    clock.advance(at - clock.now());
    log.add(added(at));
  }
  expect(log.forgottenAt).toBe(forgottenAt);
  expect(Math.min(...[...log.all.values()].map(({ createdAt }) => createdAt))).toBe(oldest);
  for (const at of more) expect(log.all.has(`n${at}`)).toBe(true);
});

/** As many as are kept, the oldest of them undecided: the store gives it first. */
function undecidedFirst(): Notification[] {
  return [note(1, 'waiting'), ...stored(2, MAX_NOTIFICATIONS + 1)];
}
