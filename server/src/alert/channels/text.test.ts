import { expect, test } from 'vitest';
import type { Incident } from '../../model/incident.ts';
import { newIncident } from '../incidents/index.ts';
import { isoTime, textOf } from './text.ts';

const AT = Date.parse('2024-01-01T12:00:00Z');
const incident = (over: Partial<Incident> = {}): Incident => ({
  ...newIncident(
    {
      ...{ key: 'k', rule: 'missing-step', severity: 'critical', lasting: true, environment: '' },
      ...{ flowType: 'order', service: 'pay', step: 'charge', firstAt: AT },
    },
    AT,
  ),
  ...{ title: 'order: charge (pay) does not come', cause: null, count: 3, openCount: 2 },
  ...over,
});

test('what opened says how many are affected, since when, and what may be the cause', () => {
  expect(textOf(incident(), 'opened')).toBe(
    'order: charge (pay) does not come. 2 flows affected since 2024-01-01T12:00:00.000Z.',
  );
  expect(textOf(incident({ openCount: 1, cause: 'pay does not react' }), 'opened')).toBe(
    'order: charge (pay) does not come. 1 flow affected since 2024-01-01T12:00:00.000Z. pay does not react',
  );
});

test('what is told again begins with still', () => {
  expect(textOf(incident(), 'repeated')).toBe(`Still: ${textOf(incident(), 'opened')}`);
});

test('what resolved counts all that ever were in it', () => {
  expect(textOf(incident({ count: 1, openCount: 0 }), 'resolved')).toBe(
    'Resolved: order: charge (pay) does not come. 1 flow had been affected since 2024-01-01T12:00:00.000Z.',
  );
});

test('one that was found to be part of another is not said to be resolved', () => {
  for (const event of ['resolved', 'opened'] as const)
    expect(textOf(incident({ foldedInto: 'i2' }), event)).toContain(
      'No incident of its own any more',
    );
});

test('of a channel that takes nothing, notifications are counted and not flows', () => {
  const refusing = incident({ channel: 'ops', title: 'ops takes nothing', cause: 'answered 500' });
  const since = 'ops takes nothing since 2024-01-01T12:00:00.000Z; answered 500.';
  expect(textOf(refusing, 'opened')).toBe(`${since} 2 wait for it.`);
  expect(textOf({ ...refusing, openCount: 1 }, 'opened')).toBe(`${since} 1 waits for it.`);
  expect(textOf(refusing, 'resolved')).toBe('Resolved: ops takes nothing.');
});

test('a test is a test, whatever it is of', () => {
  expect(textOf(incident({ channel: 'ops' }), 'test')).toContain('this is a test');
});

test('times are in UTC, to the millisecond', () => {
  expect(isoTime(AT + 5)).toBe('2024-01-01T12:00:00.005Z');
});
