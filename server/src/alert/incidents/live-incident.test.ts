import { expect, test } from 'vitest';
import type { Incident, IncidentPart } from '../../model/incident.ts';
import {
  absorb,
  acknowledge,
  addMember,
  addNote,
  clearMembers,
  liveIncident,
  measure,
  removeMember,
  type LiveIncident,
} from './live-incident.ts';
import { newIncident } from './new-incident.ts';

const part: IncidentPart = {
  ...{ rule: 'missing-step', severity: 'warning', flowType: 'order', service: 'pay' },
  step: 'charge',
};
const live = (over: Partial<Incident> = {}, recount = 0): LiveIncident =>
  liveIncident(
    newIncident(
      { ...part, key: 'k', lasting: false, environment: '', parts: [part], ...over },
      1000,
    ),
    recount,
  );
const member = (isCondition = true, hundredths = 0) => ({ isCondition, hundredths, sentMs: 0 });

test('a flow is counted once, however often it says so', () => {
  const one = live();
  addMember(one, 'a', member(true, 1250));
  addMember(one, 'a', member(true, 1250));
  expect([one.members.size, one.incident.count, one.hundredths, one.conditions]).toEqual([
    ...[1, 1, 1250, 1],
  ]);
});

test('what a flow waits for may become what has happened, and the other way round', () => {
  const one = live();
  addMember(one, 'a', member(true));
  addMember(one, 'a', member(false));
  expect(one.conditions).toBe(0);
  addMember(one, 'a', member(true));
  expect(one.conditions).toBe(1);
});

test('whoever leaves takes along what it was worth; whoever was not in it, nothing', () => {
  const one = live();
  addMember(one, 'a', member(true, 10));
  addMember(one, 'b', member(false, 5));
  expect(removeMember(one, 'stranger', 0)).toBe(false);
  expect(removeMember(one, 'a', 0)).toBe(true);
  expect(removeMember(one, 'a', 0)).toBe(false);
  expect([one.members.size, one.hundredths, one.conditions, one.incident.count]).toEqual([
    ...[1, 5, 0, 2],
  ]);
});

test('members of a loaded incident are not counted twice', () => {
  const one = live({ count: 2 }, 2);
  for (const id of ['a', 'b', 'c']) addMember(one, id, member());
  expect([one.incident.count, one.members.size, one.recount]).toEqual([3, 3, 0]);
});

test('the first ten are examples', () => {
  const one = live();
  for (let i = 0; i < 20; i++) addMember(one, `${i}`, member());
  expect(one.incident.exampleFlowIds).toEqual(Array.from({ length: 10 }, (_, i) => `${i}`));
});

test('how fast it drains is measured over the last minute', () => {
  const one = live();
  for (let i = 0; i < 10; i++) addMember(one, `${i}`, member());
  for (const [id, at] of [
    ['0', 0],
    ['1', 30_000],
    ['2', 60_000],
  ] as const)
    removeMember(one, id, at);
  measure(one, 60_000, false);
  expect(one.incident).toMatchObject({
    ...{ openCount: 7, drainPerMinute: 2, etaAt: 60_000 + 3.5 * 60_000, value: null },
  });
  measure(one, 120_000, false);
  expect(one.incident).toMatchObject({ drainPerMinute: null, etaAt: null });
});

test('what it is worth is a sum of hundredths', () => {
  const one = live();
  for (let i = 0; i < 1000; i++) addMember(one, `${i}`, member(true, 10));
  measure(one, 0, true);
  expect(one.incident.value).toBe(100);
  clearMembers(one);
  measure(one, 0, true);
  expect([one.incident.value, one.incident.openCount, one.conditions]).toEqual([0, 0, 0]);
});

test('of an incident that has the same cause all is taken over, and nothing counted twice', () => {
  const [head, other] = [
    live({ firstAt: 500, lastAt: 600 }),
    live({ key: 'o', firstAt: 100, lastAt: 900, lasting: true }),
  ];
  other.incident.parts = [{ ...part, flowType: 'return', severity: 'critical' }];
  addMember(head, 'both', member(false, 5));
  addMember(other, 'both', member(true, 5));
  addMember(other, 'b', member(true, 7));
  head.suspected = ['x'];
  other.suspected = ['x', 'y'];
  other.leftAtMs = [1];
  head.leftAtMs = [3];
  absorb(head, other);
  expect([head.members.size, head.incident.count, head.hundredths, head.conditions]).toEqual([
    ...[2, 2, 12, 2],
  ]);
  expect(head.incident).toMatchObject({
    ...{ firstAt: 100, lastAt: 900, lasting: true, severity: 'critical' },
    exampleFlowIds: ['both', 'b'],
  });
  expect(head.incident.parts.map(({ flowType }) => flowType)).toEqual(['order', 'return']);
  expect([head.leftAtMs, head.suspected]).toEqual([
    [1, 3],
    ['x', 'y'],
  ]);
});

test('notes are bounded in number and length, and an empty one is none', () => {
  const one = live();
  addNote(one, '', 0);
  expect(one.incident.notes).toEqual([]);
  for (let i = 0; i < 101; i++) addNote(one, `${i} ${'x'.repeat(3000)}`, i);
  expect(one.incident.notes).toHaveLength(100);
  expect(one.incident.notes[0]!.at).toBe(1);
  expect(one.incident.notes[0]!.text).toHaveLength(2000);
});

test('whoever acknowledges knows of those that are in it then', () => {
  const one = live();
  addMember(one, 'a', member());
  measure(one, 0, false);
  acknowledge(one, 'on it', 7);
  expect(one.incident.ack).toEqual({ at: 7, count: 1, note: 'on it' });
});

test('what was given is not changed', () => {
  const given = newIncident({ ...part, key: 'k', lasting: true, environment: '' }, 0);
  const one = liveIncident(given, 0);
  addMember(one, 'a', member());
  addNote(one, 'n', 0);
  expect([given.count, given.exampleFlowIds, given.notes]).toEqual([0, [], []]);
});
