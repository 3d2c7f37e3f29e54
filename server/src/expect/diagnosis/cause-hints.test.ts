import { expect, test } from 'vitest';
import { manualClock } from '../../base/clock.ts';
import type { Finding } from '../../model/expectation.ts';
import type { Flow } from '../../model/flow.ts';
import { NO_SUSPICION } from '../../model/incident.ts';
import { aDigest } from '../../testing/digests.ts';
import { someFlows } from '../../testing/some-flows.ts';
import { waitingFor } from '../waiting-for.ts';
import { createCauseHints } from './cause-hints.ts';

const START = Date.parse('2024-01-01T12:00:00Z');
const flow: Flow = { ...someFlows(1, START)[0]!, environment: 'prod', hops: [] };
const finding = (since: number, over: Partial<Finding> = {}): Finding => ({
  ...{ key: 'f', incident: 'i', rule: 'missing-step', severity: 'critical', lasting: true },
  ...{ stepId: null, step: 'charge', service: 'pay', place: null, since, summary: '' },
  ...{ evidence: [], ...over },
});
function bench() {
  const hints = createCauseHints(manualClock(START));
  /** Observes a step of the service in this version that was received at `atMs`. */
  const heard = (atMs: number, version = '', service = 'pay'): void => {
    const digest = aDigest('f', [{ as: 'charge', service, atMs }]);
    for (const step of digest.steps) Object.assign(step, { version, receivedMs: atMs });
    hints.observe(flow, digest);
  };
  const explain = (one: Finding): string | null => {
    const { unheard, others } = hints.explain(one, flow);
    const silent =
      unheard === null ? [] : [`${unheard.service} silent from ${unheard.since - START}`];
    return [...silent, ...others].join('; ') || null;
  };
  return { hints, heard, explain };
}

test('of whom nothing was ever heard, nothing is suspected', () => {
  const { explain } = bench();
  expect(explain(finding(START))).toBeNull();
  expect(explain(finding(START, { service: null }))).toBeNull();
});

test('a service fell silent that was not heard of for ten seconds before something was missed', () => {
  const { heard, explain } = bench();
  heard(START);
  expect(explain(finding(START + 10_000))).toBeNull();
  expect(explain(finding(START + 10_001))).toBe('pay silent from 0');
  heard(START + 60_000);
  expect(explain(finding(START + 10_001))).toBeNull();
});

test('a version that is younger than an hour is worth a look', () => {
  const { heard, explain } = bench();
  heard(START, '1');
  heard(START + 1000, '2');
  expect(explain(finding(START + 5000))).toBe(
    'version 2 of pay runs since 2024-01-01T12:00:01.000Z, before it was 1',
  );
  heard(START + 2 * 3_600_000, '2');
  expect(explain(finding(START + 2 * 3_600_000))).toBeNull();
});

test('the first version that is heard of is no deploy, and an old span is none either', () => {
  const { heard, explain } = bench();
  heard(START + 1000, '2');
  expect(explain(finding(START + 2000))).toBeNull();
  heard(START, '1');
  expect(explain(finding(START + 2000))).toBeNull();
});

test('one that had no version was unnamed', () => {
  const { heard, explain } = bench();
  heard(START, '');
  heard(START + 1, '2');
  expect(explain(finding(START + 2))).toContain('before it was unnamed');
});

test('what has happened already has no cause that goes on', () => {
  const { heard, explain } = bench();
  heard(START);
  expect(explain(finding(START + 60_000, { lasting: false }))).toBeNull();
});

test('environments are told apart', () => {
  const { hints, heard } = bench();
  heard(START);
  expect(hints.explain(finding(START + 60_000), { ...flow, environment: 'test' })).toEqual(
    NO_SUSPICION,
  );
});

test('when a step was performed last, and whether its service was heard of since', () => {
  const { hints, heard } = bench();
  heard(START);
  heard(START - 500);
  expect(hints.performedAt('prod', 'pay', 'charge')).toBe(START);
  expect([
    hints.performedAt('test', 'pay', 'charge'),
    hints.performedAt('prod', null, 'charge'),
    hints.performedAt('prod', 'pay', 'refund'),
  ]).toEqual([0, 0, 0]);
  const owed = (since: number, service = 'pay') =>
    waitingFor({
      ...{ id: 'w', step: 'charge', service, since, stuckAt: since, basis: 'learned' },
      absence: 'missing-step',
    });
  const digest = aDigest('f', []);
  expect(hints.wasHeardSince(digest, owed(START - 1))).toBe(true);
  expect(hints.wasHeardSince(digest, owed(START))).toBe(false);
  expect(hints.wasHeardSince(digest, owed(START - 1, 'stock'))).toBe(false);
});
