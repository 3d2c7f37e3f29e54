import { expect, test } from 'vitest';
import type { Flow, Step } from '../../model/flow.ts';
import { nanosFromMs, unixNanos } from '../../model/time.ts';
import { someFlows } from '../../testing/some-flows.ts';
import { packTimeline, unpackTimeline } from './packed-timeline.ts';

const flows = someFlows(20, 1_700_000_000_000);
const plain = flows.find(({ hops }) => hops.length > 0)!;
const timelineOf = ({
  steps,
  hops,
  relations,
  unattributed,
  typeVersion,
  deadlineMs,
  expects,
}: Flow) => ({
  ...{ steps, hops, relations, unattributed, typeVersion, deadlineMs, expects },
});
const step = (over: Partial<Step>): Step => ({ ...plain.steps[0]!, ...over });
const backOf = (...steps: Step[]): Step[] =>
  unpackTimeline(packTimeline({ ...plain, steps })).steps;

test('a timeline is read back as what it was', () => {
  for (const flow of flows) expect(unpackTimeline(packTimeline(flow))).toEqual(timelineOf(flow));
});

test('instants keep their last nanosecond', () => {
  const at = unixNanos(1_700_000_000_123_456_789n);
  expect(backOf(step({ start: at, end: null }))).toMatchObject([{ start: at, end: null }]);
});

test('what few steps have is kept, and no step has what it did not have', () => {
  const idle = [{ start: nanosFromMs(1), end: nanosFromMs(2) }];
  const joinedBy = [{ kind: 'flow-id', value: 'f' }] as unknown as NonNullable<Step['joinedBy']>;
  const { idle: _idle, joinedBy: _joinedBy, ...bare } = plain.steps[0]!;
  const steps = [bare, { ...bare, idle }, { ...bare, joinedBy }, { ...bare, idle, joinedBy }];
  const back = backOf(...steps);
  expect(back).toEqual(steps);
  expect(back.map((one) => ['idle' in one, 'joinedBy' in one])).toEqual([
    ...[
      [false, false],
      [true, false],
      [false, true],
      [true, true],
    ],
  ]);
});

test('each step keeps its process, of however many', () => {
  const instances = ['a', '', 'b', 'a', 'c'];
  const back = backOf(...instances.map((instance) => step({ instance })));
  expect(back.map(({ instance }) => instance)).toEqual(instances);
});

test('a row that was read without its timeline has an empty one', () => {
  expect(unpackTimeline('')).toEqual({
    ...{ steps: [], hops: [], relations: [], unattributed: [] },
    ...{ typeVersion: '', deadlineMs: null, expects: [] },
  });
});

/** Packs a timeline as an earlier version did: its tuples for steps and hops had fewer fields. */
const ofBefore = (flow: Flow, stepFields: number, hopFields: number): string => {
  const [steps, hops, relations, unattributed] = JSON.parse(packTimeline(flow)) as unknown[][][];
  return JSON.stringify([
    steps!.map((one) => one.slice(0, stepFields)),
    hops!.map((one) => one.slice(0, hopFields)),
    relations,
    unattributed,
  ]);
};

test('rows of earlier versions are read, with what is most likely for what they lack', () => {
  const steps = [
    step({ status: 'failed', receivedMs: 7, aliveMs: 9, instance: 'i', endReceivedMs: 8 }),
    step({ status: 'ok', receivedMs: 7 }),
  ];
  const back = unpackTimeline(ofBefore({ ...plain, steps, typeVersion: '2' }, 21, 16));
  expect([back.typeVersion, back.deadlineMs, back.expects]).toEqual(['', null, []]);
  expect(back.steps).toMatchObject([
    {
      ...{ receivedMs: 7, aliveMs: 7, endReceivedMs: 7, failureReceivedMs: 7, deadlineMs: null },
      ...{ itinerary: [], instance: '' },
    },
    { failureReceivedMs: null },
  ]);
  expect(back.hops.every(({ returned }) => returned === null)).toBe(true);
  expect(back.hops).toHaveLength(plain.hops.length);
});
