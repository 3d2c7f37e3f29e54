import { expect, test } from 'vitest';
import { definitionText } from '../declared/text.ts';
import { readDefinitions } from '../declared/schema.ts';
import { createTypeModel, teach } from './model.ts';
import type { Digest, DigestStep } from './digest.ts';
import { definitionFrom, usualPath } from './usual-path.ts';

const step = (name: string, startMs: number, from = ''): DigestStep =>
  ({
    ...{ as: name, key: name, name, service: `${name}-service`, kind: 'task', from, startMs },
    ...{ endMs: startMs + 10, receivedMs: startMs + 20, did: [], waits: [], isHeldUp: false },
    ...{ version: '', via: '', group: '', behindMs: 0 },
  }) as unknown as DigestStep;
const digest = (steps: DigestStep[]): Digest =>
  ({ type: 'order', steps, messages: [], ledger: null, aborted: false }) as unknown as Digest;

test('steps in their usual order, with the share of flows and the wait before them', () => {
  const model = createTypeModel();
  for (let i = 0; i < 100; i++)
    teach(
      model,
      digest([
        step('order', 0),
        step('charge', 100, 'order'),
        ...(i < 50 ? [step('gift', 150, 'charge')] : []),
        step('ship', 1100, 'charge'),
        ...(i === 0 ? [step('rare', 2000, 'ship')] : []),
      ]),
      1,
    );
  const usual = usualPath(model);
  expect(usual.flows).toBe(100);
  expect(usual.steps.map(({ name, share, after }) => [name, share, after])).toEqual([
    ['order', 1, []],
    ['charge', 1, ['order']],
    ['gift', 0.5, ['charge']],
    ['ship', 1, ['charge']],
  ]);
  expect(usual.steps[1]!.medianMs).toBeGreaterThan(90);
  const { definitions, problems } = readDefinitions(definitionText(definitionFrom('order', usual)));
  expect(problems).toEqual([]);
  expect(definitions[0]!.steps.map(({ name, optional }) => [name, optional])).toEqual([
    ['order', false],
    ['charge', false],
    ['gift', true],
    ['ship', false],
  ]);
});
