import type { Flow, Hop, Step, WaitingFor } from '../contract/index.ts';
import { expect, test } from 'vitest';
import { age } from './format.ts';
import { promiseOf, textOf, why } from './why.ts';

const NOW = Date.parse('2026-11-29T12:00:30Z');
const step = (id: string, service: string, more: Partial<Step> = {}): Step =>
  ({
    id,
    service,
    name: id,
    status: 'ok',
    attempts: [{}],
    error: null,
    compensatedBy: [],
    ...more,
  }) as Step;
const call = (from: string, to: string): Hop =>
  ({ from, to, state: 'delivered', sync: true, waitMs: 1 }) as Hop;
const flow = (steps: Step[], hops: Hop[], more: Partial<Flow> = {}): Flow =>
  ({
    steps,
    hops,
    findings: [],
    waitingFor: [],
    services: [],
    stepCount: steps.length,
    durationMs: 10,
    phase: 'ended',
    ...more,
  }) as Flow;
const say = (one: Flow): string => textOf(why(one, NOW)).trim();
const awaited = {
  id: 'w',
  hopId: 'h',
  afterStepId: 'book',
  step: 'send mail',
  service: 'mailer',
  oneOf: [],
  since: '2026-11-29T12:00:00Z',
  lateAt: '2026-11-29T12:00:02Z',
  stuckAt: '2026-11-29T12:00:09Z',
} as unknown as WaitingFor;
const sent = {
  id: 'h',
  from: 'book',
  to: null,
  state: 'waiting',
  sentUnixNano: `${Date.parse('2026-11-29T12:00:00Z')}000000`,
  message: { type: 'OrderShipped', destination: 'mail.orders' },
} as Hop;

test('who failed is who was called last, not who passed the failure on', () => {
  const failed = { status: 'failed' as const };
  const steps = [
    step('orders', 'shop', failed),
    step('write', 'store', { ...failed, error: { type: '502', message: 'no disk' } }),
  ];
  expect(say(flow(steps, [call('orders', 'write')]))).toBe('store failed at write: no disk.');
});

test('what was compensated is said', () => {
  const undone = { compensatedBy: ['x'] };
  const steps = [
    step('a', 's', undone),
    step('b', 's', undone),
    step('c', 's', { status: 'failed' }),
  ];
  expect(say(flow(steps, []))).toBe('s failed at c. a and b were compensated.');
  expect(say(flow(steps.slice(0, 1), []))).toBe('a was compensated.');
  const undo = (name: string, of: Step): Step[] => [
    { ...of, compensatedBy: [name] },
    step(name, 's', { kind: 'compensation' }),
  ];
  const [a, b] = steps as [Step, Step];
  expect(say(flow(undo('cancel a', a), []))).toBe('a was compensated by cancel a.');
  expect(say(flow([...undo('cancel a', a), ...undo('cancel b', b)], []))).toBe(
    'Compensated: a by cancel a and b by cancel b.',
  );
  expect(say(flow([...undo('cancel all', a), { ...b, compensatedBy: ['cancel all'] }], []))).toBe(
    'a and b were compensated by cancel all.',
  );
});

test('what is missing comes before all else: who sent what, who has not taken it, since when', () => {
  const one = flow([step('book', 'shipping')], [sent], { phase: 'open', waitingFor: [awaited] });
  expect(say(one)).toMatch(
    /^shipping sent OrderShipped to mail\.orders at .*\. mailer has not taken it for 30\.0 s, so send mail has not started\.$/,
  );
  const more = { ...one, waitingFor: [awaited, { ...awaited, id: 'v' }] };
  expect(say(more)).toMatch(/1 more step is awaited\.$/);
});

test('a step without a message, and one that runs, are said in their own words', () => {
  const noHop = { ...awaited, hopId: null };
  const one = flow([step('book', 'shipping')], [], { phase: 'open', waitingFor: [noHop] });
  expect(say(one)).toBe('After book of shipping, send mail by mailer has been awaited for 30.0 s.');
  const running = step('send mail', 'mailer', { id: 'book', status: 'running' });
  expect(say({ ...one, steps: [running] })).toBe(
    'mailer started send mail 30.0 s ago and has not ended it.',
  );
});

test('a promise says what it rests on', () => {
  const of = (more: Partial<WaitingFor>): string =>
    promiseOf({ probability: 1, samples: 160, provisional: false, ...more } as WaitingFor);
  expect(of({ basis: 'learned' })).toBe('seen in 160 of 160 flows; learned');
  expect(of({ basis: 'declared' })).toBe('declared for this flow type');
  expect(of({ basis: 'structural', probability: 0.98, samples: 100 })).toBe(
    '98 of 100 messages there were taken; observed',
  );
});

test('ages have no fractions', () => {
  expect([25_700, 780_000, 7_500_000, 3_600_000, 300_000_000].map(age)).toEqual([
    '25 s',
    '13 min',
    '2 h 5 min',
    '1 h',
    '3 d',
  ]);
});
