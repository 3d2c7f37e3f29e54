import { expect, test } from 'vitest';
import type { CoordinationReport, FlowSummary, MapEdge, MapNode } from '@fermata/server/contract';
import { stopQuery, stopsOf, stopText, verdictOf } from './coordination.ts';
import type { MapMessage, MapStep } from './graph.ts';
import {
  heldQuery,
  heldSince,
  listensSince,
  messageFacts,
  stepFacts,
  wayOfMessage,
  wayTo,
} from './side.ts';
import { readView } from './toolbar.ts';

const times = { p50: 10, p90: 20, p95: 30, p99: 40, max: 50, count: 4 };
const step = (id: string, over: Partial<MapStep> = {}, node: Partial<MapNode> = {}): MapStep => ({
  node: {
    ...{ id, step: `step ${id}`, service: 'shop', kind: 'task', count: 6, flows: 4, failed: 0 },
    ...{ retried: 0, compensated: 0, running: 0, late: 0, stuck: 0, workMs: times },
    ...{ exampleFlowIds: [], q: '' },
    ...node,
  },
  ...{ before: null, isGone: false, share: 0.5, isStart: false },
  ...over,
});
const message = (from: string, to: string, over: Partial<MapEdge> = {}): MapMessage => ({
  edge: {
    ...{ id: from + to, from, to, sync: false, count: 4, flows: 4, failed: 0, waiting: 0 },
    message: { kind: 'event', type: 'Placed', system: 'bus', destination: 'orders' },
    ...{ deadLettered: 0, late: 0, stuck: 0, waitMs: times, exampleFlowIds: [], q: '' },
    ...over,
  },
  ...{ before: null, isGone: false },
});
const terms = (facts: { term: string; text: string }[]): Record<string, string> =>
  Object.fromEntries(facts.map(({ term, text }) => [term, text]));

test('the panel of a step tells waits only if there is one message', () => {
  const one = terms(stepFacts(step('a'), [message('x', 'a')], null, 0));
  expect(one).toMatchObject({ Flows: '4 (50 %)', 'Runs per flow': '1.50' });
  expect(one['Waits, p50 · p95']).toBe('10 ms · 30 ms');
  const two = [message('x', 'a'), message('y', 'a')];
  expect(terms(stepFacts(step('a'), two, null, 0))).not.toHaveProperty('Waits, p50 · p95');
});

test('a comparison adds what was before', () => {
  const before = step('a', {}, { flows: 9, workMs: { ...times, p50: 40 } }).node;
  expect(terms(stepFacts(step('a', { before }), [], null, 0))).toMatchObject({
    'Flows before': '9 (−5)',
    'Works before, p50': '40 ms (−30 ms)',
  });
});

test('the panel of a message tells where it goes and what is held there', () => {
  expect(terms(messageFacts(message('a', 'b', { waiting: 3 })))).toMatchObject({
    ...{ Kind: 'event', Destination: 'orders', Messages: '4', 'Not taken yet': '3' },
  });
  expect(terms(messageFacts(message('a', 'b', { message: null })))).toMatchObject({ Kind: 'call' });
});

test('flows that are held before a step, and since when', () => {
  expect(heldQuery('a or b', step('x').node, 'stuck')).toBe(
    '(a or b) health:stuck missing:"step x"',
  );
  const waits = (...since: [string, string][]): FlowSummary =>
    ({ waitingFor: since.map(([name, at]) => ({ step: name, since: at })) }) as FlowSummary;
  const flows = [
    waits(['mail', '2026-06-10T12:00:00Z'], ['other', '2026-06-01T12:00:00Z']),
    waits(['mail', '2026-06-10T11:00:00Z']),
  ];
  expect(heldSince(flows, 'mail')).toBe(Date.UTC(2026, 5, 10, 11));
  expect(heldSince([], 'mail')).toBeNull();
});

test('the time to a step is measured from the start that leads to it', () => {
  const steps = [
    step('a', { isStart: true }),
    step('b'),
    step('c'),
    step('z', { isStart: true }, { flows: 99 }),
  ];
  const messages = [message('a', 'b'), message('b', 'c'), message('c', 'b')];
  expect(wayTo('c', steps, messages)).toBe('step a..step c');
  expect(wayTo('a', steps, messages)).toBeNull();
  expect(wayOfMessage(messages[0]!.edge, steps)).toBe('step a..step b');
});

const report = (over: Partial<CoordinationReport> = {}): CoordinationReport => ({
  ...{ type: 'order', flows: 10, verdict: 'choreographed', styles: [], hops: 70, conductor: null },
  shares: { event: 0.9, command: 0.1, reply: 0, call: 0 },
  ...{ coupling: 0, knows: [], listeners: [], failureAudience: [], blocked: [], ifStops: [] },
  ...{ decisions: [], advice: [] },
  ...over,
});
const answerOf = (total: number, ...types: CoordinationReport[]) => ({
  population: { total, used: total, open: 0, sampled: false, from: null, to: null },
  ...{ asOf: '', types, markdown: '' },
});

test('what stops with a service, over all types', () => {
  const stops = stopsOf(
    answerOf(
      14,
      report({ ifStops: [{ service: 'mailer', flowsShare: 1, heldShare: 1 }] }),
      report({
        type: 'return',
        flows: 4,
        ifStops: [
          { service: 'mailer', flowsShare: 0.5, heldShare: 0 },
          { service: 'stock', flowsShare: 1, heldShare: 0.75 },
        ],
      }),
    ),
  );
  expect(stops).toEqual([
    {
      service: 'mailer',
      held: 10,
      flows: 12,
      of: ['every order flow'],
      misses: ['50 % of return flows'],
    },
    {
      service: 'stock',
      held: 3,
      flows: 4,
      of: ['75 % of return flows'],
      misses: ['25 % of return flows'],
    },
  ]);
  expect(stops.map(stopText)).toEqual([
    'holds every order flow; only its own steps are missing from 50 % of return flows',
    'holds 75 % of return flows; only its own steps are missing from 25 % of return flows',
  ]);
  const cut = report({ ifStops: [{ service: 'mailer', flowsShare: 1, heldShare: 0.5 }] });
  expect(stopsOf(answerOf(11, cut))).toMatchObject([{ service: 'mailer', held: 5, flows: null }]);
  expect(stopQuery('', 'mailer')).toBe('service:"mailer"');
});

test('the verdict is a sentence with its share', () => {
  expect(verdictOf(report())).toBe('choreographed: 90 % of 70 hops are events; nobody conducts');
  const conducted = { verdict: 'orchestrated', conductor: 'checkout' } as const;
  expect(verdictOf(report(conducted))).toContain('commands and replies; checkout conducts');
  expect(verdictOf(report({ verdict: 'one service' }))).toBe('one service does all of it');
});

test('who listens since when', () => {
  const listener = {
    ...{ message: 'Placed', from: 'shop', service: 'shop', lagMs: times, nowMs: 0 },
    since: '2026-06-01T00:00:00Z',
  };
  const known = answerOf(10, report({ listeners: [listener] }));
  expect(listensSince(known, 'shop', [message('a', 'b')])).toBe('2026-06-01T00:00:00Z');
  expect(listensSince(null, 'shop', [message('a', 'b')])).toBeNull();
});

test('the address says how the map is shown; what it cannot mean is left out', () => {
  const read = (text: string) => readView(new URLSearchParams(text));
  expect(read('thickness=time&share=5&rare=shown&as=table&at=x')).toEqual({
    ...{ thickness: 'time', minShare: 0.05, isOpen: true, isTable: true, chosen: 'x' },
  });
  expect(read('share=900').minShare).toBe(0);
});
