import { expect, test } from 'vitest';
import { causeKey } from '../../model/cause.ts';
import type { Finding } from '../../model/expectation.ts';
import type { Flow } from '../../model/flow.ts';
import { someFlows } from '../../testing/some-flows.ts';
import { liveIncident, MAX_KEYS, type LiveIncident } from './live-incident.ts';
import { newIncident } from './new-incident.ts';
import { createOpenIncidents } from './open-incidents.ts';

const flow: Flow = { ...someFlows(1, 0)[0]!, environment: 'prod', type: 'order' };
const finding = (over: Partial<Finding> = {}): Finding => {
  const about = {
    ...{ rule: 'undelivered-message', service: 'pay', step: 'charge', place: 'orders' },
    ...over,
  };
  return {
    ...{ key: 'f', severity: 'critical', lasting: true, stepId: null, since: 0, summary: '' },
    ...{ evidence: [], incident: causeKey('prod', 'order', about) },
    ...about,
  };
};
const opened = (over: Partial<Finding> = {}): LiveIncident => {
  const { incident: key, rule, severity, lasting, service, step, place } = finding(over);
  return liveIncident(
    newIncident(
      {
        ...{ key, rule, severity, lasting, service, step, place },
        ...{ environment: 'prod', flowType: 'order', dependency: over.dependency ?? null },
      },
      0,
    ),
    0,
  );
};

test('an incident is found by each of its keys, until it is removed', () => {
  const open = createOpenIncidents();
  const live = opened();
  const { key } = live.incident;
  open.add(live);
  open.addKey(live, 'more');
  expect([open.get(key), open.get('more'), open.has('none')]).toEqual([live, live, false]);
  expect([...open.list()]).toEqual([live]);
  open.remove(live);
  expect([open.has(key), open.has('more'), open.list().size]).toEqual([false, false, 0]);
});

test('keys are bounded', () => {
  const open = createOpenIncidents();
  const live = opened();
  open.add(live);
  for (let i = 0; i < 200; i++) open.addKey(live, `${i}`);
  expect(live.incident.keys).toHaveLength(MAX_KEYS);
  expect(open.has('199')).toBe(false);
});

test('what was folded into another is found there, and removing it takes nothing away', () => {
  const open = createOpenIncidents();
  const [head, folded] = [opened(), opened({ place: 'returns' })];
  open.add(head);
  open.add(folded);
  open.takeKeysOver(head, folded);
  expect(open.get(folded.incident.key)).toBe(head);
  open.remove(folded);
  expect(open.get(folded.incident.key)).toBe(head);
  expect([...open.list()]).toEqual([head]);
});

test('one step that several places lead to is one incident', () => {
  const open = createOpenIncidents();
  const live = opened();
  expect(open.keyOf(finding({ place: 'returns' }), flow)).toBe(
    finding({ place: 'returns' }).incident,
  );
  open.add(live);
  expect(open.keyOf(finding({ place: 'returns' }), flow)).toBe(live.incident.key);
  expect(open.keyOf(finding({ step: 'other', place: 'returns' }), flow)).not.toBe(
    live.incident.key,
  );
  open.remove(live);
  expect(open.keyOf(finding({ place: 'returns' }), flow)).not.toBe(live.incident.key);
});

test('with many dependencies at one step, their names are a text that varies', () => {
  const open = createOpenIncidents();
  const failed = (dependency: string): Partial<Finding> => ({ rule: 'failed-step', dependency });
  const lives = Array.from({ length: 5 }, (_, i) => opened(failed(`host-${i}`)));
  for (const live of lives.slice(0, 4)) open.add(live);
  const next = finding(failed('host-9'));
  expect(open.keyOf(next, flow)).toBe(next.incident);
  open.add(lives[4]!);
  const { dependency: _name, ...about } = next;
  expect(open.keyOf(next, flow)).toBe(causeKey('prod', 'order', about));
  // A finding whose dependency already has an open incident still belongs to this incident.
  expect(open.keyOf(finding(failed('host-0')), flow)).toBe(lives[0]!.incident.key);
  open.remove(lives[0]!);
  expect(open.keyOf(next, flow)).toBe(next.incident);
});
