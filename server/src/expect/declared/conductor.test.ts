import { expect, test } from 'vitest';
import { conductorSchema, fromConductor } from './conductor.ts';

const stepsOf = (tasks: object[], more: object = {}): unknown =>
  (
    fromConductor(conductorSchema.parse({ name: 'order', schemaVersion: 2, tasks, ...more }))[
      'order'
    ] as { steps: unknown }
  ).steps;
const task = (name: string, over: object = {}): object => ({ name, ...over });

test('tasks follow one another', () => {
  expect(stepsOf([task('a'), task('b'), task('c')])).toEqual([
    { name: 'a' },
    { name: 'b', after: ['a'] },
    { name: 'c', after: ['b'] },
  ]);
});

test('branches run side by side, and what follows waits for all of them', () => {
  const fork = task('fork', {
    type: 'FORK_JOIN',
    forkTasks: [[task('x'), task('y')], [task('z')]],
  });
  const steps = stepsOf([task('a'), fork, task('join', { type: 'JOIN' }), task('b')]);
  expect(steps).toEqual([
    { name: 'a' },
    { name: 'x', after: ['a'] },
    { name: 'y', after: ['x'] },
    { name: 'z', after: ['a'] },
    { name: 'b', after: ['y', 'z'] },
  ]);
});

test.each(['SWITCH', 'DECISION'])('of a %s no branch is owed, and nothing waits for it', (type) => {
  const choice = task('choice', {
    ...{ type, decisionCases: { yes: [task('x')], no: [task('y')] }, defaultCase: [task('z')] },
  });
  expect(stepsOf([task('a'), choice, task('b')])).toEqual([
    { name: 'a' },
    { name: 'x', after: ['a'], optional: true },
    { name: 'y', after: ['a'], optional: true },
    { name: 'z', after: ['a'], optional: true },
    { name: 'b', after: ['a'] },
  ]);
});

test('nothing waits for an optional task', () => {
  expect(stepsOf([task('a'), task('b', { optional: true }), task('c')])).toEqual([
    { name: 'a' },
    { name: 'b', after: ['a'], optional: true },
    { name: 'c', after: ['a'] },
  ]);
});

test('what Conductor does by itself is no step, and one name is one step', () => {
  const own = ['JOIN', 'SET_VARIABLE', 'TERMINATE', 'NEVER_HEARD_OF'];
  expect(stepsOf([task('a'), ...own.map((type) => task(type, { type })), task('a')])).toEqual([
    { name: 'a' },
  ]);
});

test('times are said where there are any', () => {
  const timed = task('a', { taskDefinition: { timeoutSeconds: 90 } });
  expect(stepsOf([timed, task('b', { taskDefinition: { timeoutSeconds: 0 } })])).toEqual([
    { name: 'a', within: '90s' },
    { name: 'b', after: ['a'] },
  ]);
  const whole = conductorSchema.parse({
    ...{ name: 'order', schemaVersion: 2, tasks: [task('a')], timeoutSeconds: 3600 },
  });
  expect(fromConductor(whole)).toMatchObject({ order: { within: '3600s' } });
});

test('another version of the schema, and a workflow without tasks, are refused', () => {
  const parsed = (over: object): boolean =>
    conductorSchema.safeParse({ name: 'o', schemaVersion: 2, tasks: [task('a')], ...over }).success;
  expect([
    parsed({}),
    parsed({ schemaVersion: 1 }),
    parsed({ tasks: [] }),
    parsed({ tasks: [task('')] }),
  ]).toEqual([true, false, false, false]);
});
