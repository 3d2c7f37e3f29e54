import { describe, expect, test } from 'vitest';
import { definitionsFrom, readDefinitions } from './schema.ts';

describe('reading', () => {
  test('a definition in full', () => {
    const { definitions, problems } = readDefinitions(`
flows:
  order:
    version: "2"
    within: 1h
    steps:
      - name: charge
        service: payment
        within: 5m
        compensatedBy: refund
      - { name: ship, after: charge }
      - oneOf: [mail, { name: call, service: desk }]
        after: [charge, ship]
      - { name: survey, after: ship, optional: true }
    ends:
      - { step: OrderClosed }
      - { step: OrderRefused, outcome: failed }
    undoInOrder: true
`);
    expect(problems).toEqual([]);
    expect(definitions).toMatchObject([
      {
        type: 'order',
        version: '2',
        withinMs: 3_600_000,
        undoInOrder: true,
        ends: [{ outcome: 'completed' }, { outcome: 'failed' }],
        steps: [
          {
            name: 'charge',
            service: 'payment',
            withinMs: 300_000,
            compensatedBy: 'refund',
            choice: 0,
          },
          { name: 'ship', after: ['charge'], withinMs: 3_600_000 },
          { name: 'mail', choice: 3 },
          { name: 'call', service: 'desk', choice: 3, after: ['charge', 'ship'] },
          { name: 'survey', optional: true },
        ],
      },
    ]);
  });

  test.each([
    [
      'flows:\n  a:\n    steps:\n      - { name: x, within: soon }',
      /^line 4: flows\.a\.steps\.0\.within: .*duration/,
    ],
    [
      'flows:\n  a:\n    steps:\n      - { name: x }\n      - { name: y, after: z }',
      /^line 5: .*no step named z/,
    ],
    [
      'flows:\n  a:\n    steps:\n      - { name: x, after: y }\n      - { name: y, after: x }',
      /after itself/,
    ],
    [
      'flows:\n  a:\n    steps:\n      - { name: x }\n      - { name: x }',
      /^line 5: .*second step/,
    ],
    ['flows:\n  a:\n    steps:\n      - { name: x, wthin: 5m }', /^line 4: .*wthin/],
    ['flows:\n  a: {}', /^line 2: flows\.a\.steps/],
    ['flows:\n  a:\n   steps: [\n', /./],
  ])('%j says where it is wrong', (text, problem) => {
    const { definitions, problems } = readDefinitions(text);
    expect(definitions).toEqual([]);
    expect(problems[0]).toMatch(problem);
  });

  test('JSON of the same shape, with fields instead of lines', () => {
    expect(definitionsFrom({ flows: { a: { steps: [{ name: 'x' }] } } }).definitions).toHaveLength(
      1,
    );
    expect(definitionsFrom({ flows: { a: { steps: [{ name: 1 }] } } }).problems[0]).toMatch(
      /^flows\.a\.steps\.0\.name/,
    );
    expect(definitionsFrom(null).problems).toHaveLength(1);
  });
});

describe('a workflow of Conductor', () => {
  const read = (tasks: object[], more: object = {}) =>
    definitionsFrom({ conductor: { name: 'encode_and_deploy', schemaVersion: 2, tasks, ...more } });
  const shown = (tasks: object[]): string[] =>
    read(tasks).definitions[0]!.steps.map(
      ({ name, after, optional }) =>
        `${name}${optional ? '?' : ''} after ${after.join('+') || 'nothing'}`,
    );
  test('tasks one after the other, with their time', () => {
    const tasks = [
      {
        name: 'encode',
        taskReferenceName: 'e',
        type: 'SIMPLE',
        taskDefinition: { timeoutSeconds: 60 },
      },
      { name: 'deploy', taskReferenceName: 'd', type: 'SIMPLE' },
    ];
    expect(read(tasks, { timeoutSeconds: 600 }).definitions).toMatchObject([
      {
        type: 'encode_and_deploy',
        withinMs: 600_000,
        steps: [
          { name: 'encode', withinMs: 60_000, after: [] },
          { name: 'deploy', after: ['encode'] },
        ],
      },
    ]);
  });
  test('forks run side by side, of a switch nothing is owed, what Conductor does itself is no step', () => {
    expect(
      shown([
        { name: 'a' },
        {
          name: 'f',
          type: 'FORK_JOIN',
          forkTasks: [[{ name: 'b' }], [{ name: 'c' }, { name: 'd' }]],
        },
        { name: 'j', type: 'JOIN' },
        {
          name: 's',
          type: 'SWITCH',
          decisionCases: { x: [{ name: 'e' }] },
          defaultCase: [{ name: 'g' }],
        },
        { name: 'h' },
      ]),
    ).toEqual([
      'a after nothing',
      'b after a',
      'c after a',
      'd after c',
      'e? after b+d',
      'g? after b+d',
      'h after b+d',
    ]);
  });
  test('other versions and shapes are refused, with the field', () => {
    expect(read([{ name: 'a' }], { schemaVersion: 1 }).problems[0]).toMatch(
      /^conductor\.schemaVersion/,
    );
    expect(read([]).problems[0]).toMatch(/^conductor\.tasks/);
  });
});
