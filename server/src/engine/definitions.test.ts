import { expect, test } from 'vitest';
import { manualClock } from '../base/clock.ts';
import { createCounters } from '../base/counters.ts';
import { silentLog } from '../base/log.ts';
import { createExpectations, definitionsFrom } from '../expect/index.ts';
import type { Definition } from '../model/definition.ts';
import { createDefinitionDesk, type DefinitionDeskOptions } from './definitions.ts';

type Documents = DefinitionDeskOptions['store'];
const file = (...steps: string[]): object => ({
  flows: { order: { steps: steps.map((name) => ({ name })) } },
});
const definitionOf = (...steps: string[]): Definition => {
  const { definitions, problems } = definitionsFrom(file(...steps));
  expect(problems).toEqual([]);
  return definitions[0]!;
};
const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};

function bench(kept: string[] = []) {
  const clock = manualClock();
  const counters = createCounters();
  const saved: { key: string; body: string }[] = [];
  const judged: string[][] = [];
  const warnings: string[] = [];
  const state = { isDown: false };
  const store = {
    documents: async () => kept.map((body, i) => ({ key: `${i}`, at: 0, body })),
    async saveDocument(_kind: string, key: string, _at: number, body: string) {
      if (state.isDown) throw new Error('down');
      saved.push({ key, body });
    },
  } as unknown as Documents;
  const expectations = createExpectations({
    ...{ clock, counters, floorMs: 1000, settleMs: 1000, onReconsider: () => undefined },
  });
  const desk = createDefinitionDesk({
    ...{ clock, counters, store, expectations },
    log: { ...silentLog, warn: (_: object, message: string) => void warnings.push(message) },
    judgeAgain: async (types) => void judged.push([...types]),
  });
  const refused = (): number =>
    counters.read().find(({ name }) => name === 'fermata_refused_definitions_total')?.value ?? 0;
  return { desk, saved, judged, warnings, state, refused };
}
const stepsOf = (desk: ReturnType<typeof bench>['desk']): string[][] =>
  desk.list().map(({ definition }) => definition.steps.map(({ name }) => name));

test('a definition is kept, and what is under way is judged by it at once', async () => {
  const { desk, saved, judged } = bench();
  await expect(desk.define([definitionOf('a', 'b')], 'api')).resolves.toBe(1);
  expect(saved.map(({ key }) => key)).toEqual(['order\u0001']);
  expect(judged).toEqual([['order']]);
  expect(stepsOf(desk)).toEqual([['a', 'b']]);
});

test('what changes nothing is neither stored nor judged by', async () => {
  const { desk, saved, judged } = bench();
  await desk.define([definitionOf('a')], 'api');
  await expect(desk.define([definitionOf('a')], 'api')).resolves.toBe(0);
  expect([saved.length, judged.length]).toEqual([1, 1]);
});

test('at a start the files of the operator count over what was kept', async () => {
  const { desk, saved } = bench();
  await desk.define([definitionOf('kept')], 'api');
  const next = bench(saved.map(({ body }) => body));
  await next.desk.load([]);
  expect(stepsOf(next.desk)).toEqual([['kept']]);
  await next.desk.load([definitionOf('file')]);
  expect(stepsOf(next.desk)).toEqual([['file']]);
  expect([next.saved, next.judged]).toEqual([[], []]);
});

test('what a service announces is taken up once, however many instances say it', async () => {
  const { desk, saved, judged } = bench();
  const json = JSON.stringify(file('a'));
  for (let i = 0; i < 3; i++) desk.announced(json);
  expect(saved).toEqual([]);
  await turns(5);
  expect([saved.length, judged.length]).toEqual([1, 1]);
  expect(desk.list()[0]!.source).toBe('sdk');
});

test('a wrong announcement is counted and told, and those after it are taken up', async () => {
  const { desk, warnings, refused } = bench();
  desk.announced('{ not JSON');
  desk.announced('{"flows":{"order":{"steps":7}}}');
  desk.announced(JSON.stringify(file('a')));
  await turns(8);
  expect([refused(), warnings]).toEqual([
    2,
    Array(2).fill('a service announced a definition that is wrong'),
  ]);
  expect(stepsOf(desk)).toEqual([['a']]);
});

test('a store that is down loses an announcement, and not those after it', async () => {
  const { desk, saved, state, warnings } = bench();
  state.isDown = true;
  desk.announced(JSON.stringify(file('a')));
  await turns(4);
  expect(warnings).toEqual(['an announced definition could not be stored']);
  state.isDown = false;
  desk.announced(JSON.stringify(file('a', 'b')));
  await turns(4);
  expect(saved).toHaveLength(1);
});

test('announcements beyond a bound are refused, for they are repeated', () => {
  const { desk, refused } = bench();
  for (let i = 0; i < 1002; i++) desk.announced(`${i}`);
  expect(refused()).toBe(2);
});
