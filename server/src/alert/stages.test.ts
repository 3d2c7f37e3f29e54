import { expect, test } from 'vitest';
import type { Incident, IncidentPart, Silence } from '../model/incident.ts';
import { newIncident } from './incidents/index.ts';
import { decide, type StageContext } from './stages.ts';

const NOW = Date.parse('2024-01-01T12:00:00Z');
const part: IncidentPart = {
  ...{ rule: 'missing-step', severity: 'critical', flowType: 'order', service: 'pay' },
  step: 'charge',
};
const incident: Incident = newIncident(
  { ...part, key: 'k', lasting: true, environment: '', parts: [part] },
  0,
);
const silence = (over: Partial<Silence> = {}): Silence => ({
  ...{ id: 's', rule: '', flowType: '', service: '', createdAt: 0, until: NOW + 1 },
  ...{ comment: '', version: 0, ...over },
});
const context = (over: Partial<StageContext> = {}): StageContext => ({
  ...{ nowMs: NOW, silences: [], mute: [], inhibitions: [], open: [] },
  ...over,
});
const silencedBy = (over: Partial<Silence>) =>
  decide(incident, context({ silences: [silence(over)] }));

test('what nothing holds is sent', () => {
  expect(decide(incident, context())).toBeNull();
});

test('what is acknowledged before it was sent is dropped', () => {
  expect(decide({ ...incident, ack: { at: 0, count: 1, note: '' } }, context())).toEqual({
    reason: 'acknowledged before it was sent',
    until: null,
  });
});

test('a silence holds until it ends, and says why', () => {
  expect(silencedBy({})).toEqual({ reason: 'silenced', until: NOW + 1 });
  expect(silencedBy({ comment: 'deploy' })!.reason).toBe('silenced: deploy');
  expect(silencedBy({ until: NOW })).toBeNull();
});

test('a silence is about what it names', () => {
  expect(silencedBy({ rule: 'missing-step', flowType: 'order', service: 'pay' })).not.toBeNull();
  expect(silencedBy({ rule: 'failed-step' })).toBeNull();
  expect(silencedBy({ flowType: 'return' })).toBeNull();
  expect(silencedBy({ service: 'stock' })).toBeNull();
});

test('a silence about a part does not silence the rest', () => {
  const more = { ...incident, parts: [part, { ...part, flowType: 'return' }] };
  const silences = [silence({ flowType: 'order' })];
  expect(decide(more, context({ silences }))).toBeNull();
});

const any = { severities: [], rules: [], types: [], services: [] };
const other: Incident = { ...incident, id: 'other', title: 'shop is down' };

test('what is inhibited is asked again, for nobody says when the other one ends', () => {
  const inhibitions = [{ when: any, then: any, equal: [] }];
  expect(decide({ ...incident, firstAt: 1 }, context({ inhibitions, open: [other] }))).toEqual({
    reason: 'inhibited by shop is down',
    until: NOW + 15_000,
  });
});

const always = { days: [1], fromMinute: 0, toMinute: 13 * 60, zone: 'UTC' };

test('a mute window holds until it ends', () => {
  expect(decide(incident, context({ mute: [always] }))).toEqual({
    reason: 'in a mute window until 2024-01-01T13:00:00.000Z',
    until: Date.parse('2024-01-01T13:00:00Z'),
  });
});

test('the first stage that holds decides', () => {
  const held = context({ silences: [silence()], mute: [always] });
  expect(decide(incident, held)!.reason).toBe('silenced');
  expect(decide({ ...incident, ack: { at: 0, count: 1, note: '' } }, held)!.until).toBeNull();
});
