import type { Flow, MapAnswer, Step, WaitingFor } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { restOfPath, usualOfMap } from './usual.ts';

const node = (id: string, flows = 10): object => ({
  id,
  service: `of ${id}`,
  step: id,
  flows,
  workMs: { p50: 5, p95: 9, count: flows },
});
const edge = (from: string, to: string, flows = 10): object => ({ from, to, flows });
const map = {
  nodes: [node('book'), node('mail'), node('points'), node('finish'), node('survey', 3)],
  edges: [
    edge('book', 'mail'),
    edge('mail', 'points'),
    edge('mail', 'survey', 3),
    edge('points', 'finish'),
    edge('finish', 'book'),
    edge('finish', 'end'),
  ],
} as unknown as MapAnswer;
const flow = { steps: [{ service: 'of book', name: 'book' }] } as unknown as Flow;
const waiting = { step: 'mail', service: 'of mail' } as WaitingFor;

test('the rest of the path is what usually follows, each step once, without what came already', () => {
  expect(restOfPath(map, flow, waiting).map(({ step }) => step)).toEqual(['points', 'finish']);
  expect(restOfPath(map, flow, { ...waiting, step: 'nothing known' })).toEqual([]);
});

test('usual is known from a few runs on', () => {
  const usual = usualOfMap(map);
  expect(usual({ service: 'of mail', name: 'mail' } as Step)).toEqual({ p50: 5, p95: 9 });
  expect(usual({ service: 'of survey', name: 'survey' } as Step)).toBeNull();
  expect(usual({ service: 'x', name: 'mail' } as Step)).toBeNull();
});
