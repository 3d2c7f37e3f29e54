import { expect, test } from 'vitest';
import type { Flow } from '../model/flow.ts';
import { nanosFromMs } from '../model/time.ts';
import { someFlows } from '../testing/some-flows.ts';
import type { QueryRows } from './connection/port.ts';
import { createRelatives, FEW_SECONDS } from './relatives.ts';
import { CHILDREN_OF_FLOW, FLOWS_BY_EXPLICIT_ID, RUNS_OF_FLOW } from './sql/relatives.sql.ts';

interface Row {
  id: string;
  type: string;
  key: string;
  started: string;
}
const row = (id: string, startedMs = 0, type = 'order'): Row => ({
  ...{ id, type, key: `key of ${id}`, started: String(nanosFromMs(startedMs)) },
});
/**
 * Simulates queries for relatives. `runs` are the runs of a flow by the id of its first run.
 * `named` are flows by their explicit id.
 */
function bench(
  runs: Record<string, Row[]>,
  named: Record<string, Row[]> = {},
  children: Row[] = [],
) {
  const asked: unknown[] = [];
  const query = (async (sql: string, params: Record<string, string>, settings: string) => {
    // A page waits for each read for some seconds only.
    expect(settings).toBe(FEW_SECONDS);
    if (sql === RUNS_OF_FLOW) return runs[params['first']!] ?? [];
    if (sql === FLOWS_BY_EXPLICIT_ID) return named[params['name']!] ?? [];
    expect(sql).toBe(CHILDREN_OF_FLOW);
    asked.push(params['names']);
    return children;
  }) as unknown as QueryRows;
  return { asked, relatives: createRelatives(query) };
}
const flow = (over: Partial<Flow> = {}): Flow => ({
  ...someFlows(1, 0)[0]!,
  ...{ id: 'f', parentId: null, flowId: '', run: 1, started: nanosFromMs(1000) },
  ...over,
});
const relation = (kind: 'parent' | 'child', id: string): object => ({
  ...{ flowId: id, kind, viaSpanId: '', target: `key of ${id}` },
});

test('a flow without parent and children has no relatives', async () => {
  await expect(bench({}).relatives.of(flow())).resolves.toEqual([]);
});

test('of runs of the parent the last one that had begun counts, else the first', async () => {
  const { relatives } = bench({ p: [row('p', 0), row('p.2', 900), row('p.3', 2000)] });
  const parentOf = async (startedMs: number): Promise<unknown> =>
    relatives.of(flow({ parentId: 'p', started: nanosFromMs(startedMs) }));
  await expect(parentOf(1000)).resolves.toEqual([relation('parent', 'p.2')]);
  await expect(parentOf(2000)).resolves.toEqual([relation('parent', 'p.3')]);
  await expect(parentOf(-1)).resolves.toEqual([relation('parent', 'p')]);
});

test('a parent that is named without its type is found by the id alone, if it is one', async () => {
  const named = { one: [row('a')], two: [row('a'), row('b', 0, 'return')] };
  const { relatives } = bench({}, named);
  await expect(relatives.of(flow({ parentId: 'one' }))).resolves.toEqual([relation('parent', 'a')]);
  const unknown = (target: string): object => ({
    ...{ flowId: null, kind: 'parent', viaSpanId: '', target },
  });
  await expect(relatives.of(flow({ parentId: 'two' }))).resolves.toEqual([unknown('two')]);
  await expect(relatives.of(flow({ parentId: 'none' }))).resolves.toEqual([unknown('none')]);
});

test('nobody is its own parent or child', async () => {
  const { relatives } = bench({ f: [row('f')] }, {}, [row('f', 2000)]);
  await expect(relatives.of(flow({ parentId: 'f' }))).resolves.toEqual([
    { flowId: null, kind: 'parent', viaSpanId: '', target: 'f' },
  ]);
});

test('a child is of the run that had begun when it began', async () => {
  const runs = { f: [row('f', 0), row('f.2', 1000)] };
  const children = [row('early', 500), row('late', 1500)];
  const { relatives, asked } = bench(runs, {}, children);
  await expect(relatives.of(flow({ flowId: 'order-1' }))).resolves.toEqual([
    relation('child', 'early'),
  ]);
  await expect(relatives.of(flow({ id: 'f.2', run: 2 }))).resolves.toEqual([
    relation('child', 'late'),
  ]);
  expect(asked).toEqual([['f', 'order-1'], ['f']]);
});
