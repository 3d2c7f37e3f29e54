import { expect, test } from 'vitest';
import { manualClock } from '../base/clock.ts';
import { createCounters } from '../base/counters.ts';
import { silentLog } from '../base/log.ts';
import { NO_SUSPICION, type Notification } from '../model/incident.ts';
import { memoryStore } from '../testing/memory-store.ts';
import { newIncident } from './incidents/index.ts';
import { createAlerts, type Alerts } from './index.ts';
import { MAX_NOTIFICATIONS } from './notification-log.ts';

/** Who was told of incidents, some of which were merged into others, one after the other. */
const START = 1_800_000_000_000;
const FOLDED: Readonly<Record<string, string | null>> = {
  ...{ first: 'second', second: 'third', third: 'open', open: null, alone: null },
  // A store that was damaged may say anything.
  ...{ ring: 'rung', rung: 'ring', lost: 'gone' },
};
const told = (incidentId: string, createdAt: number): Notification => ({
  ...{ id: `${incidentId}:opened:${createdAt}`, incidentId, event: 'opened', channel: 'ops' },
  ...{ state: 'sent', reason: '', attempts: 1, createdAt, nextAt: 0, lastError: '', body: '' },
  version: createdAt * 1000,
});

/** Alerts with one notification of each incident, a minute after the other, and some of others. */
async function alertsWith(others: number): Promise<Alerts> {
  const clock = manualClock(START);
  const store = memoryStore(() => clock.now());
  const about = {
    ...{ rule: 'missing-step', severity: 'critical' as const, lasting: true, environment: '' },
    ...{ flowType: 'order', service: 'mail', step: 'send', place: null },
  };
  const names = Object.keys(FOLDED);
  const minute = (i: number): number => START - (100 - i) * 60_000;
  await store.saveIncidents(
    names.map((id, i) => ({
      ...newIncident({ ...about, key: id, firstAt: minute(i) }, minute(i)),
      ...{ id, status: 'resolved' as const, resolvedAt: START, foldedInto: FOLDED[id]! },
    })),
  );
  await store.saveNotifications([
    ...names.map((id, i) => told(id, minute(i))),
    ...Array.from({ length: others }, (_, i) => told('of others', START - 1000 - i)),
  ]);
  const alerts = createAlerts({
    ...{ clock, counters: createCounters(), log: silentLog, store, random: () => 0 },
    guard: {
      mail: () => Promise.reject(new Error('no mail here')),
      post: () => Promise.reject(new Error('nobody is told')),
    },
    ...{ channels: [], routes: [], inhibitions: [], valueKey: '' },
    ...{
      suspect: () => NO_SUSPICION,
      takenAfter: () => 0,
      linkTo: () => '',
      onChanged: () => undefined,
    },
  });
  await alerts.start();
  return alerts;
}

test.each<[string, string[]]>([
  ['first', ['open', 'third', 'second', 'first']],
  ['second', ['open', 'third', 'second']],
  ['open', ['open']],
  ['alone', ['alone']],
  ['ring', ['rung', 'ring']],
  ['lost', ['lost']],
  ['gone', []],
])('who was told of %s', async (id, incidentIds) => {
  const alerts = await alertsWith(10);
  const found = await alerts.notifications(10, id);
  expect(found.map(({ incidentId }) => incidentId)).toEqual(incidentIds);
  expect(alerts.hasForgotten(id)).toBe(false);
  await alerts.stop();
});

test('what is no longer kept of an incident is said', async () => {
  // One more than are kept with those of the incidents up to `open`, so that these are forgotten.
  const kept = Object.keys(FOLDED).length - 4;
  const alerts = await alertsWith(MAX_NOTIFICATIONS - kept);
  const lacks = Object.keys(FOLDED).filter((id) => alerts.hasForgotten(id));
  expect(await alerts.notifications(10, 'first')).toEqual([]);
  expect(await alerts.notifications(10, 'ring')).toHaveLength(2);
  // The oldest that is kept is the one of `alone`: the store may have others of its time.
  expect(lacks).toEqual(['first', 'second', 'third', 'open', 'alone', 'lost']);
  await alerts.stop();
});
