import { describe, expect, test } from 'vitest';
import { createBench } from '../../testing/correlator-harness.ts';
import type { Definition } from '../../model/definition.ts';
import type { Flow } from '../../model/flow.ts';
import { aSpan, type SpanSketch } from '../../testing/builders.ts';
import { applyDefinition } from './apply-definition.ts';
import { declaredCompensationDuties } from './compensation-duties.ts';
import type { Known } from './context.ts';
import { expectedByDeclaration } from './owed.ts';
import { readDefinitions } from './schema.ts';

const flowOf = (...sketches: Omit<SpanSketch, 'trace'>[]): Flow => {
  const bench = createBench();
  bench.take(sketches.map((sketch) => aSpan({ trace: '1', flow: 'f', type: 'order', ...sketch })));
  return [...bench.flows().values()][0]!;
};
const step = (
  name: string,
  at: number,
  more: Omit<SpanSketch, 'trace' | 'id'> = {},
): Omit<SpanSketch, 'trace'> => ({
  id: Buffer.from(`${name}${at}`).toString('hex').slice(-16),
  // Waits begin with the receipt, if that is earlier than the end.
  ...{ at, received: 1_700_000_000_000 },
  ...more,
  step: { name, ...more.step },
});
const definition = (yaml: string): Definition => {
  const { definitions, problems } = readDefinitions(
    `flows:\n  order:\n${yaml.replace(/^/gm, '    ')}`,
  );
  expect(problems).toEqual([]);
  return definitions[0]!;
};
const NOTHING: Known = { floorMs: 1000, lagMs: () => 0, mayTake: () => true, behindMs: () => 0 };
const owed = (flow: Flow, of: Definition | null): string[] =>
  expectedByDeclaration(of === null ? flow : applyDefinition(flow, of), of, NOTHING).map(
    (one) =>
      `${one.absence} ${one.step} after ${one.since - 1_700_000_000_000} by ${one.stuckAt - one.since}`,
  );

const SHOP = definition(`
steps:
  - { name: charge, within: 5m, service: svc }
  - { name: ship, after: charge, within: 1h }
  - { name: survey, after: ship, optional: true }
  - { name: close, after: [ship, survey], within: 10m }
ends:
  - { step: close }
  - { step: refuse, outcome: failed }`);

describe('a definition', () => {
  test('owes what comes next, from the end of what came before, and nothing beyond it', () => {
    expect(owed(flowOf(step('start', 0)), SHOP)).toEqual(['missing-step charge after 0 by 300000']);
    expect(owed(flowOf(step('charge', 100)), SHOP)).toEqual([
      'missing-step ship after 0 by 3600000',
    ]);
  });
  test('an optional step that does not come holds nothing up', () => {
    expect(owed(flowOf(step('charge', 0), step('ship', 100)), SHOP)).toEqual([
      'missing-step close after 0 by 600000',
    ]);
  });
  test('after a step that took two attempts, its time begins with the end of the second', () => {
    const attempt = (at: number, failed: boolean): Omit<SpanSketch, 'trace'> =>
      step('charge', at, {
        role: 'process',
        message: 'm',
        failed,
        received: 1_700_000_000_000 + at,
      });
    expect(owed(flowOf(attempt(0, true), attempt(300_000, false)), SHOP)).toEqual([
      'missing-step ship after 300000 by 3600000',
    ]);
  });
  test('a step whose span was lost is not owed once a later step took a message that it sent', () => {
    const ended = (cause: Partial<SpanSketch>): Flow =>
      flowOf(step('charge', 0), step('close', 200, { role: 'process', message: 'm', ...cause }));
    const unseen = { links: ['2/dead'] };
    expect(owed(ended(unseen), SHOP)).toEqual([]);
    // Without a sign of a sender that is not known, the step was left out.
    expect(owed(ended({}), SHOP)).toEqual(['missing-step ship after 0 by 3600000']);
    // What comes before the lost step is done unseen as well; what is beside it is owed.
    const both = definition(`
steps:
  - { name: charge, within: 5m }
  - { name: pack, after: charge, within: 5m }
  - { name: ship, after: pack, within: 1h }
  - { name: reward, after: charge, within: 5m }
  - { name: close, after: ship, within: 10m }
ends: [{ step: close }]`);
    expect(owed(ended(unseen), both)).toEqual(['missing-step reward after 0 by 300000']);
    // Of two that a step waits for, either may have sent the message: both are owed.
    const join = definition(`
steps:
  - { name: charge, within: 5m }
  - { name: ship, after: charge, within: 1h }
  - { name: reward, after: charge, within: 5m }
  - { name: close, after: [ship, reward], within: 10m }
ends: [{ step: close }]`);
    expect(owed(ended(unseen), join)).toEqual([
      'missing-step ship after 0 by 3600000',
      'missing-step reward after 0 by 300000',
    ]);
    // What ran before the step could begin was not caused by it.
    const again = flowOf(
      step('close', 0, { role: 'process', message: 'm', ...unseen }),
      step('charge', 200),
    );
    expect(owed(again, SHOP)).toEqual(['missing-step ship after 0 by 3600000']);
  });
  test('a step by another service is not that step', () => {
    expect(owed(flowOf(step('charge', 0, { service: 'other' })), SHOP)).toHaveLength(1);
  });
  test('what failed is not missing, and what comes after it is not owed', () => {
    expect(owed(flowOf(step('charge', 0, { failed: true })), SHOP)).toEqual([]);
  });
  test('the declared end ends the flow, in its outcome; an aborted flow owes nothing', () => {
    const done = applyDefinition(
      flowOf(step('charge', 0), step('ship', 1), step('close', 2)),
      SHOP,
    );
    expect(done).toMatchObject({ phase: 'ended', outcome: 'completed', status: 'completed' });
    const refused = flowOf(step('charge', 0), step('refuse', 1));
    expect(applyDefinition(refused, SHOP)).toMatchObject({ phase: 'ended', outcome: 'failed' });
    expect(owed(refused, SHOP)).toEqual([]);
  });
  test('alternatives: one of them is enough, and until then one of them is owed', () => {
    const choice = definition(`
steps:
  - { name: charge }
  - { oneOf: [mail, call], after: charge, within: 1m }
  - { name: file, after: [mail, call], within: 2m }`);
    const [first] = expectedByDeclaration(flowOf(step('charge', 0)), choice, NOTHING);
    expect(first).toMatchObject({ oneOf: ['mail', 'call'], certain: false });
    expect(owed(flowOf(step('charge', 0), step('call', 5)), choice)).toEqual([
      'missing-step file after 0 by 120000',
    ]);
    expect(
      applyDefinition(flowOf(step('charge', 0), step('call', 5), step('file', 9)), choice).outcome,
    ).toBe('completed');
  });
  test('the time of the whole flow', () => {
    const timed = definition(`within: 2h\nsteps: [{ name: charge }]\nends: [{ step: close }]`);
    expect(owed(flowOf(step('charge', 0)), timed)).toEqual([
      'flow-overdue the end of the flow after 0 by 7200000',
    ]);
  });
  test('a message that waits is only blamed where the step may be waiting for it', () => {
    const send = (id: string, destination: string): Omit<SpanSketch, 'trace'> => ({
      id,
      parent: step('charge', 0).id,
      role: 'send',
      destination,
      at: 1,
    });
    const waiting = (known: Record<string, string>, ...destinations: string[]): (string | null)[] =>
      expectedByDeclaration(
        flowOf(step('charge', 0), ...destinations.map((one, i) => send(`${i + 1}`, one))),
        SHOP,
        {
          ...NOTHING,
          mayTake: (name, destination) => (known[name] ?? destination) === destination,
        },
      ).map((one) => one.message);
    expect(waiting({}, 'shipments')).toEqual(['shipments']);
    expect(waiting({ ship: 'shipments' }, 'audit')).toEqual([null]);
    expect(waiting({ ship: 'shipments' }, 'audit', 'shipments')).toEqual(['shipments']);
    expect(waiting({}, 'audit', 'shipments')).toEqual([null]);
  });
  test('undoing: by name, and in order where it says so', () => {
    const undone = definition(`
steps:
  - { name: charge, compensatedBy: refund }
  - { name: ship, after: charge, compensatedBy: recall }
undoInOrder: true`);
    const duties = declaredCompensationDuties(undone)!;
    expect([...duties.owed]).toEqual(['charge', 'ship']);
    expect([...duties.order]).toEqual(['ship\0charge']);
    const flow = applyDefinition(
      flowOf(step('charge', 0), step('ship', 10, { failed: true }), step('refund', 20)),
      undone,
    );
    expect(flow.steps.find(({ name }) => name === 'refund')).toMatchObject({
      compensates: 'charge',
    });
    expect(flow.steps.find(({ name }) => name === 'charge')!.compensatedBy).toHaveLength(1);
  });
});

describe('for one flow alone', () => {
  test('a routing slip: the next stop, by the shortest slip', () => {
    const slip = (name: string, at: number, itinerary: string): Omit<SpanSketch, 'trace'> =>
      step(name, at, { step: { itinerary } });
    expect(owed(flowOf(slip('a', 0, 'b,c,d')), null)).toEqual(['missing-step b after 0 by 600000']);
    expect(owed(flowOf(slip('a', 0, 'b,c'), slip('b', 100, 'c')), null)).toEqual([
      'missing-step c after 0 by 600000',
    ]);
    expect(owed(flowOf(slip('a', 0, 'b'), step('b', 100)), null)).toEqual([]);
  });
  test('what the flow itself says comes next, by when', () => {
    const says = {
      ...step('approve', 50, { milestone: 'flow-expects', role: 'event' }),
      step: { name: 'approve', deadlineMs: 1_700_000_100_000 },
    };
    expect(owed(flowOf(step('apply', 0), says), null)).toEqual([
      'missing-step approve after 50 by 99950',
    ]);
    expect(owed(flowOf(step('apply', 0), says, step('approve', 90)), null)).toEqual([]);
  });
  test("a running step's own deadline", () => {
    const started = step('scan', 0, {
      milestone: 'step-started',
      role: 'event',
      step: { deadlineMs: 1_700_000_060_000 },
    });
    expect(owed(flowOf(started), null)).toEqual(['lost-step scan after 0 by 60000']);
  });
});
