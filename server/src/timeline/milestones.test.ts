import { expect, test } from 'vitest';
import type { Milestone, Outcome } from '../model/span.ts';
import type { SpanSketch } from '../testing/builders.ts';
import { flowsOf } from '../testing/correlator-harness.ts';

/**
 * Tests milestones. A milestone of a flow makes no step. A milestone of a step makes the step as
 * long as the span of that step is missing.
 */
const said = (milestone: Milestone, at: number, over: Partial<SpanSketch> = {}): SpanSketch => ({
  trace: `a${at}`,
  id: `${at + 1}`,
  role: 'event',
  milestone,
  service: 'desk',
  name: milestone,
  flow: 'o',
  type: 't',
  at,
  ms: 0,
  ...over,
});
const ended = (milestone: Milestone, outcome: Outcome, at: number): SpanSketch =>
  said(milestone, at, { outcome });
const work: SpanSketch = {
  ...{
    trace: 'b1',
    id: 'b',
    service: 'desk',
    name: 'review',
    at: 20,
    ms: 60,
    flow: 'o',
    type: 't',
  },
};
const namesOf = (...spans: SpanSketch[]): string[] =>
  flowsOf(...spans)[0]!.steps.map(({ name }) => name);

test('what is said of a flow is in its phase, its duration and what it expects, and is no step of it', () => {
  const [flow] = flowsOf(
    said('flow-started', 0),
    said('flow-expects', 10, { step: { name: 'archive' } }),
    work,
    said('flow-heartbeat', 90),
    ended('flow-completed', 'completed', 100),
  );
  expect(flow).toMatchObject({
    steps: [{ name: 'review' }],
    phase: 'ended',
    outcome: 'completed',
    durationMs: 100,
    expects: [{ step: 'archive' }],
    spanCount: 5,
  });
});

test.each<[Milestone, Outcome]>([
  ['flow-completed', 'completed'],
  ['flow-failed', 'failed'],
  ['flow-cancelled', 'cancelled'],
])('%s ends the flow and fails no step', (milestone, outcome) => {
  const [flow] = flowsOf(work, ended(milestone, outcome, 100));
  expect([flow!.outcome, flow!.failedSteps, flow!.steps.length]).toEqual([outcome, 0, 1]);
});

test('what is said of steps without spans is a step each', () => {
  expect(namesOf(said('step-started', 0, { step: { name: 'file' } }), work)).toEqual([
    'file',
    'review',
  ]);
  const [flow] = flowsOf(
    said('step-started', 0, { parent: '9', step: { name: 'file' } }),
    said('flow-heartbeat', 9, { trace: 'a0', parent: '9' }),
    work,
  );
  expect(flow!.steps.map(({ name, status }) => [name, status])).toEqual([
    ['file', 'running'],
    ['review', 'ok'],
  ]);
});

test('of a flow of which nothing else is known, what was said of it is one step', () => {
  expect(namesOf(said('flow-started', 0))).toEqual(['flow-started']);
  expect(namesOf(ended('flow-completed', 'completed', 50), said('flow-started', 0))).toEqual([
    'flow-started',
  ]);
  const [flow] = flowsOf(said('flow-started', 0), ended('flow-failed', 'failed', 50));
  expect([flow!.outcome, flow!.durationMs, flow!.steps[0]!.status]).toEqual(['failed', 50, 'ok']);
});

test('what hangs below something that was said of a flow stays, and is called by nobody', () => {
  const [flow] = flowsOf(
    said('flow-started', 0),
    { ...work, trace: 'a0', parent: '1', service: 'other' },
    { ...work, id: 'c', service: 'third' },
  );
  expect(flow!.steps.map(({ service }) => service)).toEqual(['other', 'third']);
  expect(flow!.hops).toEqual([]);
});

test.each<[string, Milestone[], boolean]>([
  ['runs, as a log event says', ['step-started'], false],
  ['has ended, as a log event says', ['step-started', 'step-completed'], true],
  ['said something', ['flow-heartbeat'], true],
  ['said nothing', [], true],
])('the span above what has ended %s: is it missing?', (_what, milestones, isMissing) => {
  const above = { trace: 'b1', parent: 'c', step: { name: 'order' } };
  const [flow] = flowsOf(
    ...milestones.map((milestone, i) => said(milestone, 5 + i, above)),
    { ...work, parent: 'c' },
    { ...work, id: 'd', parent: 'c', service: 'stock', at: 90 },
  );
  expect(flow!.badges.includes('missing-parent')).toBe(isMissing);
  expect(flow!.incomplete).toBe(isMissing);
});
