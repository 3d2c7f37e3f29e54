import { expect, test } from 'vitest';
import { attributes, createLab, type Lab, type LabOptions, type OtlpSpan } from '../testing/lab.ts';
import type { Definition } from '../model/definition.ts';
import { placed, shipped } from '../testing/expectations.ts';

/** Tests flows that are said to have ended while a message of theirs waits for its consumer. */
const ended = (lab: Lab, number: number, outcome: string): OtlpSpan => {
  const span = placed(lab, number);
  return {
    ...span,
    attributes: [...span.attributes, ...attributes({ 'fermata.flow.outcome': outcome })],
  };
};

/** Returns a definition by which an order has one step. */
const anOrder = (name: string): Definition => ({
  ...{ type: 'order', version: '', withinMs: null, ends: [], undoInOrder: false },
  steps: [
    {
      ...{ name, service: null, after: [], withinMs: 60_000 },
      ...{ optional: false, choice: 0, compensatedBy: null },
    },
  ],
});

async function taughtLab(options: LabOptions = {}): Promise<Lab> {
  const lab = await createLab({ startMs: 1_794_000_000_000, ...options });
  for (let i = 0; i < 150; i++) {
    await lab.deliver([ended(lab, i, 'completed'), shipped(lab, i)]);
    await lab.advance(1000);
  }
  for (let i = 0; i < 10; i++) await lab.advance(10_000);
  return lab;
}
const told = (lab: Lab, number: number): [string, string[]] => {
  const { flow } = [...lab.flows.values()].find(({ flow }) => flow.flowId === `order-${number}`)!;
  return [flow.status, flow.findings.map((finding) => finding.rule)];
};
const wait = async (lab: Lab): Promise<void> => {
  for (let i = 0; i < 40; i++) await lab.advance(5000);
};

test.each([
  ['completed', ['completed', ['undelivered-message']]],
  ['failed', ['failed', []]],
  ['cancelled', ['cancelled', []]],
])('a message of a flow that was %s: %j', async (outcome, expected) => {
  const lab = await taughtLab();
  expect(told(lab, 1)).toEqual(['completed', []]);
  await lab.deliver([ended(lab, 1000, outcome)]);
  await wait(lab);
  expect(told(lab, 1000)).toEqual(expected);
  await lab.stop();
});

test('however long its consumer is silent, and until it comes', async () => {
  const lab = await taughtLab();
  for (let i = 1000; i < 1040; i++) await lab.deliver([ended(lab, i, 'completed')]);
  await wait(lab);
  await lab.deliver([ended(lab, 1040, 'completed')]);
  await wait(lab);
  expect(told(lab, 1040)).toEqual(['completed', ['undelivered-message']]);
  await lab.deliver([shipped(lab, 1040)]);
  await lab.advance(5000);
  expect(told(lab, 1040)).toEqual(['completed', []]);
  await lab.stop();
});

test('a definition that ends a flow does not tell who else listens to it', async () => {
  const lab = await taughtLab({ definitions: [anOrder('shop work')] });
  expect(told(lab, 1)).toEqual(['completed', []]);
  await lab.deliver([placed(lab, 1000)]);
  await wait(lab);
  expect(told(lab, 1000)).toEqual(['completed', ['undelivered-message']]);
  await lab.stop();
});

test.each(['completed', 'failed', 'by definition'])(
  'a flow that ended and waits is not judged again and again: %s',
  async (outcome) => {
    const isDefined = outcome === 'by definition';
    let published = 0;
    const lab = await taughtLab({
      ...(isDefined && { definitions: [anOrder('shop work')] }),
      onFlow: ({ flowId }) => void (flowId === 'order-1000' && published++),
    });
    await lab.deliver([isDefined ? placed(lab, 1000) : ended(lab, 1000, outcome)]);
    for (let i = 0; i < 300; i++) await lab.advance(1000);
    expect(published).toBeGreaterThan(0);
    expect(published).toBeLessThan(5);
    await lab.stop();
  },
);
