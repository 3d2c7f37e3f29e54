import { expect, test } from 'vitest';
import { definitionsFrom, postedDefinitions } from './schema.ts';

interface Told {
  name: string;
  after: string[];
  optional: boolean;
  withinMs: number;
  compensatedBy: string | null;
}
const toldOf = ({ name, after, optional }: Told): string =>
  `${name}${after.length > 0 ? ` after ${after.join(' + ')}` : ''}${optional ? ' (optional)' : ''}`;
const steps = (of: Awaited<ReturnType<typeof postedDefinitions>>): string[] => {
  expect(of.problems).toEqual([]);
  return of.definitions[0]!.steps.map(toldOf);
};

const task = (Next: string | null, more: object = {}): object => ({
  ...{ Type: 'Task', Resource: 'arn:x', ...(Next === null ? { End: true } : { Next }), ...more },
});
const machine = (States: object, more: object = {}): unknown => ({
  stepFunctions: { name: 'order', definition: { StartAt: 'A', States, ...more } },
});

test('Step Functions: tasks follow one another, and what the machine does is no step', () => {
  const read = definitionsFrom(
    machine(
      {
        A: task('W', { TimeoutSeconds: 30 }),
        W: { Type: 'Wait', Seconds: 5, Next: 'B' },
        B: task(null),
      },
      { TimeoutSeconds: 600 },
    ),
  );
  expect(steps(read)).toEqual(['A', 'B after A']);
  expect(read.definitions[0]).toMatchObject({ type: 'order', withinMs: 600_000 });
  expect(read.definitions[0]!.steps[0]!.withinMs).toBe(30_000);
});

test('Step Functions: of alternatives none is owed, and they meet again', () => {
  const States = {
    A: task('C'),
    C: { Type: 'Choice', Choices: [{ Next: 'X' }], Default: 'Y' },
    ...{ X: task('Z'), Y: task('Z', { Catch: [{ Next: 'H' }] }), Z: task(null), H: task(null) },
  };
  expect(steps(definitionsFrom(machine(States)))).toEqual([
    ...['A', 'X after A (optional)', 'Y after A (optional)', 'Z after A', 'H (optional)'],
  ]);
});

test('Step Functions: all branches are owed, what is repeated is not', () => {
  const branch = (name: string): object => ({ StartAt: name, States: { [name]: task(null) } });
  const States = {
    A: { Type: 'Parallel', Branches: [branch('X'), branch('Y')], Next: 'M' },
    M: { Type: 'Map', ItemProcessor: branch('I'), Next: 'Z' },
    Z: task(null),
  };
  expect(steps(definitionsFrom(machine(States)))).toEqual([
    ...['X', 'Y', 'I after X + Y (optional)', 'Z after X + Y'],
  ]);
});

test('Step Functions: a loop is no step after itself, and nonsense is said', () => {
  const again = {
    A: task('C'),
    C: { Type: 'Choice', Choices: [{ Next: 'A' }], Default: 'B' },
    B: task(null),
  };
  expect(steps(definitionsFrom(machine(again)))).toEqual(['A', 'B after A']);
  expect(definitionsFrom({ stepFunctions: { name: 'x' } }).problems[0]).toMatch(
    /^stepFunctions\.definition/,
  );
});

const flow = (from: string, to: string): string =>
  `<sequenceFlow id="${from}-${to}" sourceRef="${from}" targetRef="${to}"/>`;
const bpmn = (inside: string): { bpmn: string } => ({
  bpmn: `<?xml version="1.0"?><definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    targetNamespace="x"><process id="p" name="order">${inside}</process></definitions>`,
});

test('BPMN: gateways that are parallel and exclusive', async () => {
  const read = await postedDefinitions(
    bpmn(
      `<startEvent id="s"/><serviceTask id="a" name="place"/><parallelGateway id="f"/>
       <serviceTask id="b" name="pack"/><userTask id="c" name="charge"/><parallelGateway id="j"/>
       <exclusiveGateway id="x"/><task id="d" name="ship"/><task id="e" name="fetch"/>
       <exclusiveGateway id="y"/><sendTask id="g" name="mail"/><endEvent id="z"/>` +
        [
          ...['s a', 'a f', 'f b', 'f c', 'b j', 'c j', 'j x', 'x d', 'x e', 'd y', 'e y', 'y g'],
          'g z',
        ]
          .map((pair) => flow(...(pair.split(' ') as [string, string])))
          .join(''),
    ),
  );
  expect(steps(read)).toEqual([
    ...['place', 'pack after place', 'charge after place', 'ship after pack + charge (optional)'],
    ...['fetch after pack + charge (optional)', 'mail after pack + charge'],
  ]);
});

test('BPMN: sub-processes, errors and compensation', async () => {
  const read = await postedDefinitions(
    bpmn(
      `<startEvent id="s"/><subProcess id="sub"><startEvent id="s2"/><task id="a" name="charge"/>
         ${flow('s2', 'a')}
         <boundaryEvent id="undo" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>
         <task id="r" name="refund" isForCompensation="true"/>
         <association id="as" sourceRef="undo" targetRef="r" associationDirection="One"/>
       </subProcess>
       <boundaryEvent id="err" attachedToRef="sub"><errorEventDefinition/></boundaryEvent>
       <task id="h" name="call customer"/><task id="b" name="ship"/><endEvent id="z"/>` +
        flow('s', 'sub') +
        flow('sub', 'b') +
        flow('err', 'h') +
        flow('b', 'z'),
    ),
  );
  expect(steps(read)).toEqual([
    ...['charge', 'refund (optional)', 'call customer (optional)', 'ship after charge'],
  ]);
  expect(read.definitions[0]!.steps[0]!.compensatedBy).toBe('refund');
});

test('BPMN: what is none is said', async () => {
  expect((await postedDefinitions({ bpmn: 'x' })).problems).toHaveLength(1);
  expect((await postedDefinitions(bpmn(''))).problems).toEqual(['bpmn: order has no task']);
});
