import { expect, test } from 'vitest';
import type { DefinedStep, Definition } from '../../model/definition.ts';
import type { Flow, Hop, Step, StepStatus } from '../../model/flow.ts';
import { nanosFromMs } from '../../model/time.ts';
import { someFlows } from '../../testing/some-flows.ts';
import { endMsOf, hasFailed, isComplete, isDone, performersIn } from './performers.ts';

const plain = someFlows(40, 1_700_000_000_000).find(({ hops }) => hops.length > 0)!;
const step = (id: string, status: StepStatus = 'ok', over: Partial<Step> = {}): Step => ({
  ...plain.steps[0]!,
  ...{ id, name: id, service: 'svc', status },
  ...over,
});
const hop = (to: string | null, type: string): Hop => ({
  ...plain.hops[0]!,
  ...{ to, message: { ...plain.hops[0]!.message, type } },
});
const flow = (steps: Step[], hops: Hop[] = []): Flow => ({ ...plain, steps, hops });
const defined = (name: string, over: Partial<DefinedStep> = {}): DefinedStep => ({
  ...{ name, service: null, after: [], withinMs: 0, optional: false, choice: 0 },
  ...{ compensatedBy: null, ...over },
});
const of = (...steps: DefinedStep[]): Definition => ({
  ...{ type: 't', version: '', withinMs: null, steps, ends: [], undoInOrder: false },
});

test('a step performs what has its name, or the type of the message that it handles', () => {
  const [take, other] = [step('take'), step('other')];
  const performers = performersIn(
    flow([take, other], [hop('take', 'Placed'), hop('other', ''), hop(null, 'Lost')]),
  );
  expect(performers('take', null)).toEqual([take]);
  expect(performers('Placed', null)).toEqual([take]);
  expect([performers('Lost', null), performers('', null)]).toEqual([[], []]);
});

test('several perform it, each once', () => {
  const [a, b] = [step('a', 'ok', { name: 'take' }), step('b', 'ok', { name: 'take' })];
  const performers = performersIn(flow([a, b], [hop('a', 'take'), hop('a', 'take')]));
  expect(performers('take', null)).toEqual([a, b]);
});

test('where a service is named, others do not perform it', () => {
  const performers = performersIn(flow([step('take')]));
  expect([performers('take', 'svc').length, performers('take', 'else').length]).toEqual([1, 0]);
});

test('a step is done that ended well, be it by a further attempt', () => {
  const statuses: StepStatus[] = ['ok', 'retried', 'failed', 'running'];
  expect(statuses.map((status) => isDone(step('a', status)))).toEqual([true, true, false, false]);
});

test('what has not ended is as far as its start', () => {
  const times = { start: nanosFromMs(5), end: nanosFromMs(9) };
  expect(endMsOf(step('a', 'ok', times))).toBe(9);
  expect(endMsOf(step('a', 'running', { ...times, end: null }))).toBe(5);
});

test('all is complete once everything that is not optional is done, of alternatives one', () => {
  const definition = of(
    defined('a'),
    defined('survey', { optional: true }),
    defined('mail', { choice: 1 }),
    defined('call', { choice: 1 }),
  );
  const complete = (...steps: Step[]): boolean => isComplete(definition, performersIn(flow(steps)));
  expect(complete(step('a'), step('call'))).toBe(true);
  expect(complete(step('a'))).toBe(false);
  expect(complete(step('call'))).toBe(false);
  expect(complete(step('a', 'failed'), step('mail'))).toBe(false);
  expect(complete(step('a', 'running'), step('mail'))).toBe(false);
});

test('a definition has failed where every attempt of a step of it has', () => {
  const failed = (...steps: Step[]): boolean =>
    hasFailed(of(defined('a')), performersIn(flow(steps)));
  const again = step('again', 'ok', { name: 'a' });
  expect(failed(step('a', 'failed'))).toBe(true);
  expect(failed(step('a', 'failed'), again)).toBe(false);
  expect(failed()).toBe(false);
  expect(failed(step('other', 'failed'))).toBe(false);
});
