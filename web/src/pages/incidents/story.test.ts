import type { Incident, Silence } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import {
  bySeverity,
  causeOf,
  extentOf,
  growthPerMinute,
  movementOf,
  silencesOf,
  titleOf,
} from './story.ts';

const NOW = new Date(2026, 10, 29, 14, 30).getTime();
const at = (minutes: number): string => new Date(NOW + minutes * 60_000).toISOString();
const incident = (over: Partial<Incident> = {}): Incident =>
  ({
    ...{ id: 'i', status: 'open', title: 'order: send email (mailer) does not come', count: 39 },
    ...{ openCount: 31, firstAt: at(-19), lastAt: at(-1), resolvedAt: null, channel: null },
    ...{ drainPerMinute: null, etaAt: null, trend: [], cause: null },
    parts: [{ rule: 'missing-step', flowType: 'order', service: 'mailer', severity: 'critical' }],
    ...over,
  }) as Incident;

test('an open incident speaks in the present, one that is over in the past', () => {
  expect(titleOf(incident())).toBe('order: send email (mailer) does not come');
  expect(titleOf(incident({ status: 'resolved' }))).toBe('order: send email (mailer) did not come');
  expect(titleOf({ title: 'order: nobody hears of pay', status: 'resolved' })).toBe(
    'order: nobody heard of pay',
  );
  expect(titleOf({ title: 'a title of its own', status: 'open' })).toBe('a title of its own');
  expect(extentOf(incident(), NOW)).toBe('31 flows of 39, since 14:11:00');
  expect(extentOf(incident({ status: 'resolved', resolvedAt: at(0), openCount: 0 }), NOW)).toMatch(
    /^39 flows from 14:11:00 to 14:30:00, for 19 m/,
  );
});

test('it grows, drains, or does neither', () => {
  const trend = [
    { at: at(-19), open: 1 },
    { at: at(-6), open: 1 },
    { at: at(-1), open: 31 },
  ];
  expect(growthPerMinute(incident({ trend }), NOW)).toBe(6);
  expect(movementOf(incident({ trend }), NOW)).toBe('growing, 6 a minute');
  const steady = [{ at: at(-19), open: 31 }];
  expect(movementOf(incident({ trend: steady }), NOW)).toBe('not draining');
  const draining = incident({
    ...{ trend: [{ at: at(-19), open: 80 }], drainPerMinute: 12, etaAt: at(3) },
  });
  expect(movementOf(draining, NOW)).toMatch(/^draining, 12 a minute, clear in about 3 m/);
  expect(movementOf(incident({ status: 'resolved' }), NOW)).toBe('over');
});

test('one that just opened has no rate, and the severest is first', () => {
  const young = incident({ firstAt: at(-0.2), trend: [{ at: at(-0.2), open: 31 }] });
  expect(movementOf(young, NOW)).toBe('just opened');
  const [first] = bySeverity([
    incident({ severity: 'warning', openCount: 99 }),
    incident({ severity: 'critical', openCount: 1 }),
  ]);
  expect(first!.openCount).toBe(1);
});

test('times in a cause are those of the reader', () => {
  const cause = `nothing has been heard of mailer since ${at(-20)}`;
  expect(causeOf(incident({ cause }), NOW)).toBe(
    'Nothing has been heard of mailer since 14:10:00.',
  );
  expect(causeOf(incident({ cause, status: 'resolved' }), NOW)).toContain('Said at the time: ');
  expect(causeOf(incident({ cause: 'is mailer running?; its queue grows' }), NOW)).toBe(
    'Is mailer running? Its queue grows.',
  );
  expect(causeOf(incident({ cause: 'is mailer running?' }), NOW)).toBe('Is mailer running?');
});

test('a silence has to cover every part, and be under way', () => {
  const silence = (over: Partial<Silence>): Silence =>
    ({ rule: '', flowType: '', service: '', incidentId: '', until: at(5), ...over }) as Silence;
  const held = (over: Partial<Silence>): number =>
    silencesOf(incident(), [silence(over)], NOW).length;
  expect(held({ service: 'mailer' })).toBe(1);
  expect(held({ incidentId: 'i' })).toBe(1);
  expect(held({ incidentId: 'other' })).toBe(0);
  expect(held({ service: 'mailer', until: at(-1) })).toBe(0);
  expect(held({ service: 'mailer', rule: 'failed-step' })).toBe(0);
});
