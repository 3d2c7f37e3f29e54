import type { Flow } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { timeSpentOf } from './time-spent.ts';

const START = 1_700_000_000_000;
const NOW = START + 600_000;
const at = (ms: number): string => String(BigInt(START) * 1_000_000n + BigInt(ms) * 1_000_000n);

test('shares are of the whole duration, and what happened several times between the same two counts together', () => {
  const segment = (
    kind: string,
    stepId: string | null,
    hopId: string | null,
    from: number,
    to: number,
  ) => ({
    kind,
    stepId,
    hopId,
    startUnixNano: at(from),
    endUnixNano: at(to),
  });
  const flow = {
    startedAtUnixNano: at(0),
    phase: 'ended',
    steps: [
      { id: 'a', service: 'shop', name: 'order' },
      { id: 'b', service: 'ship', name: 'pack' },
    ],
    hops: [
      { id: 'h1', from: 'a', to: 'b' },
      { id: 'h2', from: 'a', to: 'b' },
      { id: 'h3', from: null, to: 'b' },
    ],
    timeSpent: [
      { kind: 'queue-wait', ms: 140 },
      { kind: 'processing', ms: 50 },
      { kind: 'unknown', ms: 10 },
    ],
    criticalPath: [
      segment('processing', 'a', null, 0, 10),
      segment('queue-wait', null, 'h1', 10, 60),
      segment('unknown', null, null, 60, 70),
      segment('queue-wait', null, 'h2', 70, 150),
      segment('queue-wait', null, 'h3', 150, 160),
      segment('processing', 'b', null, 160, 200),
    ],
  } as unknown as Flow;
  const { kinds, longest, segments } = timeSpentOf(flow, NOW);
  expect(segments).toHaveLength(6);
  expect(kinds).toEqual([
    { kind: 'queue-wait', ms: 140, share: 0.7 },
    { kind: 'processing', ms: 50, share: 0.25 },
    { kind: 'unknown', ms: 10, share: 0.05 },
  ]);
  expect(longest.map(({ who, ms, stepId }) => [who, ms, stepId])).toEqual([
    ['shop → ship', 130, 'b'],
    ['ship: pack', 40, 'b'],
    ['shop: order', 10, 'a'],
    ['no cause recorded', 10, null],
  ]);
});

test('an open flow goes on: what it has waited for since its last step counts, and is named', () => {
  const open = (more: Partial<Flow>): Flow =>
    ({
      startedAtUnixNano: at(0),
      phase: 'open',
      steps: [{ id: 'a', service: 'shop', name: 'order', status: 'ok' }],
      hops: [],
      waitingFor: [],
      timeSpent: [{ kind: 'processing', ms: 200 }],
      criticalPath: [
        {
          kind: 'processing',
          stepId: 'a',
          hopId: null,
          startUnixNano: at(0),
          endUnixNano: at(200),
        },
      ],
      ...more,
    }) as unknown as Flow;
  const waitingFor = ['b', 'a'].map((step, i) => ({
    step,
    lateAt: new Date(START - i).toISOString(),
  }));
  const [wait] = timeSpentOf(open({ waitingFor: waitingFor as Flow['waitingFor'] }), NOW).kinds;
  expect(wait).toMatchObject({ kind: 'open-wait', ms: 599_800 });
  expect(wait!.share).toBeCloseTo(599.8 / 600);
  const longest = (more: object): unknown => timeSpentOf(open(more), NOW).longest[0];
  expect(longest({ waitingFor })).toMatchObject({
    kind: 'open-wait',
    who: 'for a and 1 more',
    ms: 599_800,
  });
  expect(
    longest({ hops: [{ state: 'waiting', from: 'a', message: { type: 'Placed' } }] }),
  ).toMatchObject({
    who: 'for a consumer of Placed',
    stepId: 'a',
  });
  // While a step is running, the time since its start counts as work and not as waiting.
  const steps = [{ id: 'a', service: 'shop', name: 'order', status: 'running' }];
  expect(longest({ steps })).toMatchObject({ kind: 'processing', who: 'shop: order', ms: 600_000 });
});

test('of thousands of segments the strip shows what can be seen, and all of the time', () => {
  const criticalPath = Array.from({ length: 3000 }, (_, i) => ({
    kind: i === 1500 ? 'queue-wait' : 'processing',
    stepId: null,
    hopId: null,
    startUnixNano: at(i < 1501 ? i : i + 9000),
    endUnixNano: at(i < 1500 ? i + 1 : i + 9001),
  }));
  const flow = {
    startedAtUnixNano: at(0),
    phase: 'ended',
    steps: [],
    hops: [],
    criticalPath,
    timeSpent: [],
  };
  const { segments } = timeSpentOf(flow as unknown as Flow, NOW);
  expect(segments.length).toBeLessThan(300);
  expect(segments.reduce((sum, { ms }) => sum + ms, 0)).toBeCloseTo(12_000);
  expect(segments.find(({ kind }) => kind === 'queue-wait')?.share).toBeCloseTo(9001 / 12_000);
});
