import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Quantiles } from '../../contract/index.ts';
import { decodeTracesJson } from '../../receive/otlp-json.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../../testing/embedded-store.ts';
import { createLab } from '../../testing/lab.ts';
import { createFailureNotes } from '../failure-notes.ts';
import { failuresLens } from './failures.ts';
import { latencyLens } from './latency.ts';
import { mapLens } from './map.ts';
import { variantsLens } from './variants.ts';

/**
 * Tests that the lenses give the same counts as a process-mining library for the same events. The
 * events are sent in several forms: with parents, with links, with only a flow id, or without any
 * of these.
 */
const fixtures = [fileURLToPath(new URL('../../../../../shared/fixtures/', import.meta.url))].find(
  existsSync,
);
if (!fixtures)
  process.stdout.write('\n  SKIPPED: process-mining logs; there are none beside this checkout\n\n');

type Counted = Pick<Quantiles, 'p50' | 'p90' | 'p95' | 'p99' | 'max'>;
interface Mined {
  flows: number;
  byStart: Order;
  byEnd: Order;
  durationMs: { quantiles: Counted };
  activities: Record<string, { count: number; flows: number; failed: number; workMs: Counted }>;
}
interface Order {
  variants: [string[], number][];
  directlyFollows: [string, string, number][];
  starts: Record<string, number>;
  ends: Record<string, number>;
}
const NOW = 1_900_000_000_000;
const read = (path: string): unknown => JSON.parse(readFileSync(`${fixtures}${path}`, 'utf8'));

async function load(name: string, shape: string): Promise<EmbeddedStore> {
  const directory = `${fixtures}pm4py-oracle/`;
  const lines = execFileSync(
    process.execPath,
    [`${directory}to-otlp.mjs`, `${directory}${name}.csv.gz`, shape],
    { encoding: 'utf8', maxBuffer: 2 ** 30 },
  );
  const lab = await createLab({ startMs: NOW, expects: false });
  for (const line of lines.trimEnd().split('\n'))
    await lab.deliver(decodeTracesJson(Buffer.from(line)).spans);
  await lab.advance(60_000);
  const opened = await openEmbeddedStore(NOW + 120_000);
  await opened.insert([...lab.flows.values()].map(({ flow }) => flow));
  await lab.stop();
  return opened;
}
const near = (got: Counted, wanted: Counted): void => {
  for (const rank of ['p50', 'p90', 'p95', 'p99', 'max'] as const)
    expect(got[rank], rank).toBeCloseTo(wanted[rank], 2);
};
const sorted = (pairs: (readonly [string, unknown])[]): unknown =>
  [...pairs].sort(([a], [b]) => (a < b ? -1 : 1));

describe.runIf(fixtures).each([
  ['patients', 'link'],
  ['orders', 'parent'],
  ['orders', 'link'],
  ['orders', 'bare'],
  ['orders', 'keyless'],
] as const)('%s, %s', (name, shape) => {
  const wanted = fixtures ? (read(`pm4py-oracle/${name}.expected.json`) as Mined) : ({} as Mined);
  let opened: EmbeddedStore;
  beforeAll(async () => {
    opened = await load(name, shape);
  }, 120_000);
  afterAll(() => opened.close());
  const all = () => opened.store.population({ limit: 1 });

  test('variants', async () => {
    const { items, population } = await variantsLens(opened.store, await all(), '', 1000);
    expect(population).toMatchObject({ total: wanted.flows, used: wanted.flows, sampled: false });
    expect(
      sorted(items.map(({ steps, flows }) => [JSON.stringify(steps), flows] as const)),
    ).toEqual(
      sorted(
        wanted.byStart.variants.map(([steps, flows]) => [JSON.stringify(steps), flows] as const),
      ),
    );
  });

  test.each(['start', 'end'] as const)('who directly follows whom, by %s', async (follows) => {
    const { directlyFollows } = await mapLens(opened.store, await all(), '', { follows });
    const order = follows === 'start' ? wanted.byStart : wanted.byEnd;
    expect(
      sorted(
        directlyFollows!.items.map(({ from, to, count }) => [`${from}>${to}`, count] as const),
      ),
    ).toEqual(
      sorted([
        ...order.directlyFollows.map(([from, to, count]) => [`${from}>${to}`, count] as const),
        ...Object.entries(order.starts).map(([to, count]) => [`>${to}`, count] as const),
        ...Object.entries(order.ends).map(([from, count]) => [`${from}>`, count] as const),
      ]),
    );
  });

  test('steps, and how long they work', async () => {
    const { nodes } = await mapLens(opened.store, await all(), '', {});
    expect(nodes.map(({ step }) => step).sort()).toEqual(Object.keys(wanted.activities).sort());
    for (const { step, count, flows, failed, workMs } of nodes) {
      const activity = wanted.activities[step]!;
      expect({ count, flows, failed }, step).toEqual({
        count: activity.count,
        flows: activity.flows,
        failed: activity.failed,
      });
      near(workMs, activity.workMs);
    }
  });

  test('durations', async () => {
    const { durationMs, heatmap } = await latencyLens(opened.store, await all(), '', {});
    near(durationMs, wanted.durationMs.quantiles);
    expect(heatmap.counts.flat().reduce((sum, count) => sum + count, 0)).toBe(wanted.flows);
  });

  test('a failure is one group, and a new try that succeeded is no second failure', async () => {
    if (name === 'patients') return;
    const notes = createFailureNotes(opened.store, () => NOW);
    const { items } = await failuresLens(opened.store, await all(), '', { limit: 10, notes });
    expect(items.map(({ step, count, flows }) => ({ step, count, flows }))).toEqual([
      { step: 'charge card', count: 528, flows: 307 },
    ]);
    // Without causes, a retry cannot be told from a second charge, so more flows count as failed.
    const failed = await opened.store.listFlows({ statuses: ['failed'], limit: 1 });
    expect(failed.total).toBe(shape === 'bare' ? 307 : 72);
  });

  test('unfinished cases and their last steps', async () => {
    if (name === 'orders') return;
    const stats = (
      read('bupar-eventdata/expected-stats.json') as Record<
        string,
        { cases: number; variants: number; end: Record<string, number> }
      >
    )['bupar/patients.csv(start rows)']!;
    const { directlyFollows } = await mapLens(opened.store, await all(), '', { follows: 'start' });
    const ends = directlyFollows!.items.filter(({ to }) => to === '');
    expect(Object.fromEntries(ends.map(({ from, count }) => [from, count]))).toEqual(stats.end);
    const { items } = await variantsLens(opened.store, await all(), '', 100);
    expect(items).toHaveLength(stats.variants);
    const unfinished = items.filter(({ steps }) => steps.at(-1) !== 'Check-out');
    expect(unfinished.reduce((sum, { flows }) => sum + flows, 0)).toBe(8);
  });
});
