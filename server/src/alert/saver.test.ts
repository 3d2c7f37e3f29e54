import { expect, test } from 'vitest';
import { manualClock } from '../base/clock.ts';
import { createCounters } from '../base/counters.ts';
import { silentLog } from '../base/log.ts';
import type { Incident, Notification } from '../model/incident.ts';
import { newIncident } from './incidents/index.ts';
import { createSaver } from './saver.ts';
import { moved, newNotification } from './transitions.ts';

const notification = (): Notification =>
  newNotification(
    { id: 'n', event: 'opened', channel: 'ops', reason: '', incident: { id: 'i' }, waitMs: 0 },
    0,
  );

const setUp = () => {
  const clock = manualClock();
  const changed: Incident[] = [];
  const saved: (Incident | Notification)[] = [];
  const shown: Incident[] = [];
  let fails = false;
  let onSave = (): void => undefined;
  const take = async (list: readonly (Incident | Notification)[]): Promise<void> => {
    onSave();
    if (fails) throw new Error('no space');
    saved.push(...list);
  };
  const saver = createSaver({
    ...{ clock, counters: createCounters(), log: silentLog },
    store: { saveIncidents: take, saveNotifications: take },
    takeIncidents: () => changed.splice(0),
    onChanged: (incidents) => shown.push(...incidents),
  });
  return {
    ...{ clock, saver, changed, saved, shown },
    fail: (is: boolean) => (fails = is),
    during: (work: () => void) => (onSave = work),
  };
};

test('what changes while it is written is written again', async () => {
  const { saver, saved, during } = setUp();
  const first = notification();
  const second = moved(first, { kind: 'dropped', reason: 'gone' }, 1);
  saver.mark(first);
  during(() => saver.mark(second));
  await saver.now();
  expect([saved, saver.isUnsaved('n')]).toEqual([[first], true]);
  during(() => undefined);
  await saver.now();
  expect([saved, saver.isUnsaved('n')]).toEqual([[first, second], false]);
});

test('what could not be written is tried again by itself', async () => {
  const { clock, saver, saved, fail } = setUp();
  fail(true);
  saver.mark(notification());
  await saver.now();
  expect([saved.length, saver.isUnsaved('n')]).toEqual([0, true]);
  fail(false);
  clock.advance(200);
  await saver.idle();
  expect([saved.length, saver.isUnsaved('n')]).toEqual([1, false]);
});

test('an incident that could not be written is kept until it is, and shown once', async () => {
  const { clock, saver, changed, saved, shown, fail } = setUp();
  const about = { key: 'k', rule: 'failed-step', severity: 'critical', lasting: false } as const;
  const incident = newIncident(
    { ...about, environment: '', flowType: 'order', service: null, step: null },
    0,
  );
  fail(true);
  changed.push(incident);
  await saver.now();
  expect([saved, shown]).toEqual([[], [incident]]);
  fail(false);
  clock.advance(200);
  await saver.idle();
  expect([saved, shown]).toEqual([[incident], [incident]]);
});
