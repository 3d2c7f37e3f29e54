import { describe, expect, test } from 'vitest';
import type { Incident, IncidentPart } from '../model/incident.ts';
import { newIncident } from './incidents/index.ts';
import {
  channelsOf,
  inhibitorOf,
  matches,
  matchesWhole,
  mutedUntil,
  routeTo,
  type Inhibition,
  type Matcher,
  type MuteWindow,
  type Route,
} from './policy.ts';

const part = (over: Partial<IncidentPart> = {}): IncidentPart => ({
  ...{ rule: 'missing-step', severity: 'critical', flowType: 'order', service: 'pay' },
  ...{ step: 'charge', ...over },
});
let made = 0;
const incident = (over: Partial<Incident> = {}): Incident => ({
  ...newIncident(
    { ...part(), key: `k${made++}`, lasting: true, environment: 'prod', parts: [part()] },
    0,
  ),
  ...over,
});
const ANY: Matcher = { severities: [], rules: [], types: [], services: [] };
const route = (over: Partial<Route> = {}): Route => ({
  ...{ ...ANY, channels: ['ops'], groupWaitMs: 0, repeatMs: 0, mute: [], escalate: null },
  ...over,
});

test('a part is enough to be told, all parts are needed to be kept from it', () => {
  const both = incident({ parts: [part(), part({ flowType: 'return', service: 'stock' })] });
  const returns = { ...ANY, types: ['return'] };
  expect([matches(returns, both), matchesWhole(returns, both)]).toEqual([true, false]);
  expect([matches(ANY, both), matchesWhole(ANY, both)]).toEqual([true, true]);
});

test('one part has to match in all: two that each match in half do not', () => {
  const halves = incident({
    parts: [part({ rule: 'failed-step' }), part({ severity: 'warning' })],
  });
  const wanted: Matcher = { ...ANY, rules: ['failed-step'], severities: ['warning'] };
  expect(matches(wanted, halves)).toBe(false);
});

test('a service that is not known is none of those that are named', () => {
  const unknown = incident({ parts: [part({ service: null })] });
  expect(matches({ ...ANY, services: ['pay'] }, unknown)).toBe(false);
  expect(matches(ANY, unknown)).toBe(true);
});

test('of a channel that takes nothing the others are told, whatever types they care for', () => {
  const refusing = incident({ channel: 'ops' });
  const both = route({ channels: ['ops', 'mail'], types: ['none'], services: ['none'] });
  expect(channelsOf(both, refusing)).toEqual(['mail']);
  expect(channelsOf(both, incident())).toEqual([]);
  expect(channelsOf({ ...both, rules: ['none'] }, refusing)).toEqual([]);
});

test('the first route to a channel is the one that counts', () => {
  const [other, first, second] = [
    route({ types: ['return'] }),
    route({ repeatMs: 1 }),
    route({ repeatMs: 2 }),
  ];
  expect(routeTo([other, first, second], 'ops', incident())).toBe(first);
  expect(routeTo([first], 'mail', incident())).toBeUndefined();
});

describe('an incident that another one inhibits', () => {
  const rule: Inhibition = {
    when: { ...ANY, rules: ['consumer-gone'] },
    then: { ...ANY, severities: ['warning'] },
    equal: ['environment', 'service'],
  };
  const warning = incident({ parts: [part({ severity: 'warning' })] });
  const gone = incident({ parts: [part({ rule: 'consumer-gone' })] });

  test('is one that agrees with it', () => {
    expect(inhibitorOf(warning, [rule], [warning, gone])).toBe(gone);
  });
  test('is none where they differ in what has to be equal', () => {
    expect(inhibitorOf(warning, [rule], [{ ...gone, environment: 'test' }])).toBeUndefined();
    const elsewhere = { ...gone, parts: [part({ rule: 'consumer-gone', service: 'stock' })] };
    expect(inhibitorOf(warning, [rule], [elsewhere])).toBeUndefined();
  });
  test('is none where some of its parts are more than a warning', () => {
    const more = { ...warning, parts: [...warning.parts, part()] };
    expect(inhibitorOf(more, [rule], [gone])).toBeUndefined();
  });
  test('is never itself, and of two that would silence each other the older speaks', () => {
    const all: Inhibition = { when: ANY, then: ANY, equal: [] };
    const [older, younger] = [incident({ firstAt: 1 }), incident({ firstAt: 2 })];
    expect(inhibitorOf(older, [all], [older])).toBeUndefined();
    expect(inhibitorOf(older, [all], [older, younger])).toBeUndefined();
    expect(inhibitorOf(younger, [all], [older, younger])).toBe(older);
  });
});

describe('mute windows', () => {
  const night: MuteWindow = {
    days: [1, 2, 3, 4, 5],
    fromMinute: 22 * 60,
    toMinute: 6 * 60,
    zone: 'UTC',
  };
  /** Returns a time in January 2024. The first of this month was a Monday. */
  const at = (day: number, time: string): number => Date.parse(`2024-01-0${day}T${time}Z`);

  test.each([
    [1, '21:59:59', null],
    [1, '22:00:00', at(2, '06:00:00')],
    [2, '05:59:59', at(2, '06:00:00')],
    [2, '06:00:00', null],
    // No window is open early on Monday: Monday's window begins on Monday evening.
    [1, '03:00:00', null],
    // Friday's window lasts until Saturday morning.
    [6, '05:00:00', at(6, '06:00:00')],
    [6, '23:00:00', null],
  ])('on January %i at %s', (day, time, until) => {
    expect(mutedUntil([night], at(day, time))).toBe(until);
  });

  test('of one day end at their end, which is not in them', () => {
    const noon = { ...night, fromMinute: 12 * 60, toMinute: 13 * 60 };
    expect(mutedUntil([noon], at(1, '12:30:30'))).toBe(at(1, '13:00:00'));
    expect(mutedUntil([noon], at(1, '13:00:00'))).toBeNull();
  });

  test('that follow each other are one', () => {
    const noon = { ...night, fromMinute: 12 * 60, toMinute: 13 * 60 };
    const then = { ...night, fromMinute: 13 * 60, toMinute: 14 * 60 };
    expect(mutedUntil([noon, then], at(1, '12:30:00'))).toBe(at(1, '14:00:00'));
  });

  test('are in the time of their zone, over the change to summer time', () => {
    const berlin = { ...night, days: [0, 6], zone: 'Europe/Berlin' };
    const asked = Date.parse('2024-03-30T23:00:00Z');
    expect(mutedUntil([berlin], asked)).toBe(Date.parse('2024-03-31T04:00:00Z'));
  });

  test('that are none mute nothing', () => {
    expect(mutedUntil([], at(1, '12:00:00'))).toBeNull();
  });
});
