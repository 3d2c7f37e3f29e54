import type { CoordinationAnswer, MapAnswer, MapEdge, MapNode } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { messagesOf, neighboursOf } from './messages.ts';

const MS = { p50: 5, p90: 5, p95: 5, p99: 9, max: 9, count: 1 };
const population = { total: 1, used: 1, open: 0, sampled: false, from: null, to: null };
const node = (service: string): MapNode => ({
  ...{ id: service, step: `of ${service}`, service, kind: 'event', count: 1, flows: 1 },
  ...{ failed: 0, retried: 0, compensated: 0, running: 0, late: 0, stuck: 0, workMs: MS },
  ...{ exampleFlowIds: [], q: '' },
});
const edge = (from: string, to: string, type: string, more: Partial<MapEdge> = {}): MapEdge => ({
  ...{ id: `${from}>${to}`, from, to, sync: type === '', count: 1, flows: 10, failed: 0 },
  message: type === '' ? null : { kind: 'event', type, system: 'x', destination: 'orders' },
  ...{ waiting: 0, deadLettered: 0, late: 0, stuck: 0, waitMs: MS, exampleFlowIds: [] },
  q: `trait:${from}-${to}`,
  ...more,
});
const map = (...edges: MapEdge[]): MapAnswer => ({
  ...{ population, asOf: '', edges, folded: { nodes: 0, edges: 0 } },
  nodes: ['shop', 'mail', 'points', 'store'].map(node),
});
const coordination = {
  types: [
    {
      listeners: [
        {
          ...{ message: 'OrderCreated', from: 'shop', service: 'mail', nowMs: 7 },
          ...{ since: '2026-01-01T00:00:00.000Z', lagMs: { ...MS, p50: 6 } },
        },
      ],
    },
  ],
} as unknown as CoordinationAnswer;

const guest = { kind: 'event', type: 'OrderCreated', system: 'x', destination: 'guests' };
const EDGES = [
  edge('start', 'shop', ''),
  edge('shop', 'mail', 'OrderCreated'),
  edge('shop', 'points', 'OrderCreated'),
  edge('shop', 'mail', 'OrderCreated', { message: guest, flows: 5, q: 'trait:guest' }),
  edge('shop', 'store', ''),
  edge('mail', 'end', 'MailSent', { waiting: 3 }),
];

test('who listens to a message, how many flows, how far behind, since when', () => {
  const [created, sent, ...more] = messagesOf({ map: map(...EDGES), coordination });
  expect(more).toEqual([]);
  expect(created).toMatchObject({
    ...{ type: 'OrderCreated', senders: ['shop'], destinations: ['guests', 'orders'], flows: 15 },
    listeners: [
      { service: 'mail', share: 1, since: '2026-01-01T00:00:00.000Z', nowMs: 7, lagMs: { p50: 6 } },
      { service: 'points', share: 10 / 15, since: null, nowMs: null, q: 'trait:shop-points' },
    ],
  });
  expect(created!.listeners[0]!.q).toBe('(trait:shop-mail or trait:guest)');
  expect(sent).toMatchObject({
    type: 'MailSent',
    listeners: [],
    waiting: 3,
    waitingQ: 'trait:mail-end',
  });
});

test('the neighbours of a service', () => {
  const { into, from } = neighboursOf(map(...EDGES), 'mail');
  expect(into).toMatchObject([{ service: 'shop', message: 'OrderCreated', flows: 10 }]);
  expect(from).toMatchObject([{ service: null, message: 'MailSent', isHeard: false }]);
  expect(neighboursOf(map(...EDGES), 'store').into).toMatchObject([
    { service: 'shop', message: '' },
  ]);
});
