import { describe, expect, test } from 'vitest';
import type { MapAnswer, MapEdge, MapNode } from '@fermata/server/contract';
import { foldSteps, graphOf, MAX_SHOWN, messagesBetween, widthsOf } from './graph.ts';
import { messageName } from '@fermata/server/words';
import { labelWidth, layoutOf, pathOf, STEP_WIDTH } from './layout.ts';
import { mapMermaid } from '@fermata/server/words';
import { messageColumns, messageRows, stepColumns, stepRows } from './rows.ts';
import { readFilter } from '../../data/filter.ts';

const none = { p50: 0, p90: 0, p95: 0, p99: 0, max: 0, count: 0 };
const node = (id: string, over: Partial<MapNode> = {}): MapNode => ({
  ...{ id, step: `step ${id}`, service: 'shop', kind: 'task', count: 10, flows: 10, failed: 0 },
  ...{ retried: 0, compensated: 0, running: 0, late: 0, stuck: 0, workMs: { ...none, p50: 20 } },
  ...{ exampleFlowIds: [], q: `trait:${id}` },
  ...over,
});
const edge = (from: string, to: string, over: Partial<MapEdge> = {}): MapEdge => ({
  ...{ id: `${from}${to}`, from, to, sync: false, count: 10, flows: 10, failed: 0, waiting: 0 },
  message: { kind: 'event', type: `From${from}`, system: 'bus', destination: 'topic' },
  ...{ deadLettered: 0, late: 0, stuck: 0, waitMs: { ...none, p50: 5 } },
  ...{ exampleFlowIds: [], q: `trait:${from}${to}` },
  ...over,
});
const answer = (nodes: MapNode[], edges: MapEdge[], against?: MapAnswer): MapAnswer => ({
  population: { total: 10, used: 10, open: 0, sampled: false, from: null, to: null },
  asOf: '2026-06-10T12:00:00Z',
  ...{ nodes, edges, folded: { nodes: 0, edges: 0 }, ...(against && { against }) },
});
const chain = answer(
  [node('a'), node('b'), node('c', { flows: 1 })],
  [edge('start', 'a', { message: null }), edge('a', 'b'), edge('b', 'c'), edge('c', 'end')],
);
const present = new Set<string>();

describe('what is on the map', () => {
  test('the borders of flows are no messages, but mark where flows start', () => {
    const { steps, messages } = graphOf(chain);
    expect(messages.map((one) => one.edge.id)).toEqual(['ab', 'bc']);
    expect(steps.filter((one) => one.isStart).map((one) => one.node.id)).toEqual(['a']);
  });

  test('a comparison keeps what only the other flows have', () => {
    const before = answer([node('a', { flows: 7 }), node('old')], [edge('a', 'old')]);
    const { steps, messages } = graphOf({ ...chain, against: before });
    const old = steps.find((one) => one.node.id === 'old')!;
    expect([old.isGone, old.node.flows, old.before!.flows]).toEqual([true, 0, 10]);
    expect(steps[0]!.before!.flows).toBe(7);
    expect(messages.at(-1)).toMatchObject({ isGone: true, edge: { flows: 0 } });
  });

  test('rare steps are folded, unless flows are held there', () => {
    const { steps } = graphOf(chain);
    const folding = { minShare: 0.5, isOpen: false, present };
    expect(foldSteps(steps, folding).rare.map((one) => one.node.id)).toEqual(['c']);
    expect(foldSteps(steps, { ...folding, isOpen: true }).rare).toEqual([]);
    const held = graphOf(answer([node('c', { flows: 0, stuck: 2 })], [])).steps;
    expect(foldSteps(held, folding).rare).toEqual([]);
  });

  test('at most so many are shown, and what is shown stays where the choice is close', () => {
    const many = Array.from({ length: MAX_SHOWN + 2 }, (_, i) =>
      node(`n${String(i).padStart(2, '0')}`, { flows: i === 0 ? 9 : 10 }),
    );
    const { steps } = graphOf(answer(many, []));
    const folding = { minShare: 0, isOpen: false, present };
    const { shown, rare } = foldSteps(steps, folding);
    expect([shown.length, rare.map((one) => one.node.id).sort()]).toEqual([
      MAX_SHOWN,
      ['n00', 'n41'],
    ]);
    const again = foldSteps(steps, { ...folding, present: new Set(['n00']) });
    expect(again.shown.map((one) => one.node.id)).toContain('n00');
  });

  test('messages of folded steps are not shown', () => {
    const { steps, messages } = graphOf(chain);
    const shown = steps.filter((one) => one.node.id !== 'c');
    expect(messagesBetween(messages, shown).map((one) => one.edge.id)).toEqual(['ab']);
  });

  test('a call without a message has a name only if it takes time', () => {
    expect(messageName(edge('a', 'b'))).toBe('Froma');
    expect(messageName(edge('a', 'b', { message: null, sync: true }))).toBe('call');
    expect(messageName(edge('a', 'b', { message: null, sync: true, waitMs: none }))).toBe('');
  });

  test('lines are as thick as flows are many or waits are long', () => {
    const { messages } = graphOf(
      answer(
        [node('a'), node('b'), node('c')],
        [edge('a', 'b', { flows: 100 }), edge('b', 'c', { flows: 1, waitMs: { ...none, p50: 9 } })],
      ),
    );
    const flows = widthsOf(messages, 'flows');
    const time = widthsOf(messages, 'time');
    expect(flows.get('ab')).toBeGreaterThan(flows.get('bc')!);
    expect(time.get('ab')).toBeLessThan(time.get('bc')!);
  });
});

describe('where it is on the map', () => {
  const { steps, messages } = graphOf(chain);
  const first = layoutOf(steps, messages, false, null);

  test('steps follow each other from left to right, and lines join their sides', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((id) => first.steps.get(id)!);
    expect(b!.x).toBeGreaterThan(a!.x + STEP_WIDTH);
    expect(c!.x).toBeGreaterThan(b!.x + STEP_WIDTH);
    const way = first.ways.get('ab')!;
    expect(way.points[0]!.x).toBe(a!.x + STEP_WIDTH);
    expect(way.points.at(-1)!.x).toBe(b!.x);
    expect(way.label.x).toBeGreaterThan(a!.x + STEP_WIDTH);
    expect(way.label.x).toBeLessThan(b!.x);
  });

  test('steps stay while they are the same, whatever their counts and messages', () => {
    const { steps: more } = graphOf(answer([node('c'), node('b', { flows: 99 }), node('a')], []));
    const { messages: others } = graphOf(answer([], [edge('a', 'b'), edge('a', 'c')]));
    const next = layoutOf(more, others, false, first);
    expect(next.steps).toBe(first.steps);
    expect(next.ways.get('ab')).toBe(first.ways.get('ab'));
    expect(next.ways.get('ac')!.points).toHaveLength(2);
  });

  test('a new step, and the line of a comparison, make a new layout', () => {
    expect(layoutOf(steps.slice(0, 2), [], false, first).key).not.toBe(first.key);
    expect(layoutOf(steps, messages, true, first).key).not.toBe(first.key);
  });

  test('of very many steps, all are placed and all lines are there', () => {
    const ids = Array.from({ length: 70 }, (_, i) => `n${i}`);
    const lines = ids
      .slice(1)
      .flatMap((id, i) => [
        edge(`n${Math.floor(i / 3)}`, id),
        edge('n69', id, { id: `x${id}`, flows: 1 }),
      ]);
    const all = graphOf(
      answer(
        ids.map((id) => node(id)),
        lines,
      ),
    );
    const large = layoutOf(all.steps, all.messages, false, null);
    expect([large.steps.size, large.ways.size]).toEqual([70, all.messages.length]);
    expect(new Set([...large.steps.values()].map(({ x, y }) => `${x} ${y}`)).size).toBe(70);
  });

  test('circles are placed, too', () => {
    const circle = graphOf(answer([node('a'), node('b')], [edge('a', 'b'), edge('b', 'a')]));
    const { ways } = layoutOf(circle.steps, circle.messages, false, null);
    for (const { points } of ways.values()) expect(points.length).toBeGreaterThan(1);
  });

  test('a line is level where it starts and ends', () => {
    expect(
      pathOf([
        { x: 0, y: 0 },
        { x: 10, y: 20 },
      ]),
    ).toBe('M0 0 C5 0 5 20 10 20');
    expect(pathOf([])).toBe('');
  });

  test('a label has room for its name, but not without end', () => {
    expect(labelWidth('', true)).toBe(0);
    expect(labelWidth('CardPostalAddressUpdateFailed', false)).toBe(132);
  });
});

test('as Mermaid, names of senders cannot end a label', () => {
  const { steps, messages } = graphOf(
    answer(
      [node('a', { step: 'x"] --> y<script>' }), node('b')],
      [edge('a', 'b', { sync: true, message: null })],
    ),
  );
  const text = mapMermaid(
    steps.map((step) => step.node),
    messages.map((message) => message.edge),
  );
  expect(text).toContain('s1["x#34;#93; --#62; y#60;script#62;<br/>shop<br/>10 flows, 20 ms"]');
  expect(text).toContain('s1 -->|"call, 10 flows, 5.0 ms"| s2');
});

test('the tables have a cell for each column, and flows are doors', () => {
  const { steps, messages } = graphOf(chain);
  const filter = readFilter(new URLSearchParams('range=1h'));
  for (const isCompared of [false, true]) {
    const rows = stepRows(steps, filter, isCompared);
    expect(rows[0]!.cells).toHaveLength(stepColumns(isCompared).length);
    expect(rows[0]!.cells[2]!.href).toBe('/flows?q=trait%3Aa&range=1h');
    const lines = messageRows(messages, steps, filter, isCompared);
    expect(lines[0]!.cells).toHaveLength(messageColumns(isCompared).length);
    expect(lines[0]!.cells[1]!.text).toBe('step a (shop)');
  }
});
