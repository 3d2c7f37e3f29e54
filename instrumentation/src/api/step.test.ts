import { expect, test } from 'vitest';
import { recordTelemetry } from '../testing/telemetry.ts';
import { startFlow } from './flow.ts';
import { compensate, step } from './step.ts';

const { milestones, spans } = recordTelemetry();
const started = (): (string | undefined)[] =>
  milestones
    .getFinishedLogRecords()
    .slice(1)
    .map(({ eventName }) => eventName);

test('a step of a flow says at once that it starts, with what its span will say', () => {
  const options = {
    id: 's-1',
    kind: 'human',
    attempt: 2,
    deadline: 1234,
    attributes: { page: 7 },
  } as const;
  startFlow({ id: 'order-10' }, () =>
    step(
      'approve',
      () => {
        expect(started()).toEqual(['fermata.step.started']);
        expect(spans()).toEqual([]);
      },
      options,
    ),
  );
  const said = {
    'fermata.flow.id': 'order-10',
    'fermata.step.name': 'approve',
    'fermata.step.id': 's-1',
    'fermata.step.kind': 'human',
    'fermata.step.attempt': 2,
    'fermata.step.deadline': 1234,
    page: 7,
  };
  expect(milestones.getFinishedLogRecords()[1]!.attributes).toMatchObject(said);
  expect([spans()[0]!.name, spans()[0]!.attributes]).toMatchObject(['approve', said]);
});

test('a compensation names the step that it undoes', () => {
  startFlow({ id: 'order-11' }, () => {
    compensate('charge', () => undefined);
    compensate('charge', () => undefined, { name: 'refund' });
  });
  expect(started()).toEqual(['fermata.compensation.started', 'fermata.compensation.started']);
  expect(spans().map(({ name }) => name)).toEqual(['undo charge', 'refund']);
  for (const { attributes } of spans())
    expect(attributes).toMatchObject({
      'fermata.step.kind': 'compensation',
      'fermata.step.compensates': 'charge',
    });
});

test('a step outside of any flow is a span only', () => {
  expect(step('alone', () => 'done')).toBe('done');
  expect(milestones.getFinishedLogRecords()).toEqual([]);
  expect(spans()).toHaveLength(1);
});
