import { describe, expect, test } from 'vitest';
import { manualClock } from '../../base/clock.ts';
import { emptyExport, type OtlpLog } from '../../model/otlp.ts';
import { unixNanos } from '../../model/time.ts';
import { memoryStore } from '../../testing/memory-store.ts';
import { viewAt } from '../../model/flow.ts';
import { createBench, type Bench } from '../../testing/pipeline-bench.ts';

/** Creates a bench on which flows settle after one second. */
const bench = (clock = manualClock(), store = memoryStore(() => clock.now())): Promise<Bench> =>
  createBench({ clock, store, definitions: [] });

/** Sends log events of a workflow engine, by which it declares the start or the end of flows. */
async function says({ pipeline, clock }: Bench, event: string, ...ids: string[]): Promise<void> {
  const time = unixNanos(BigInt(clock.now()) * 1_000_000n);
  const logs = ids.map((id): OtlpLog => ({
    resource: { attributes: ['service.name', 'engine'] },
    scopeName: '',
    traceId: '',
    spanId: '',
    time,
    observed: time,
    eventName: `fermata.flow.${event}`,
    severity: 9,
    severityText: '',
    body: '',
    attributes: ['fermata.flow.id', id, 'fermata.flow.type', 'order'],
  }));
  const written = await pipeline.write([pipeline.prepare({ ...emptyExport(), logs })]);
  await written.correlate();
}
const outcomes = ({ store, clock }: Bench): Record<string, string | null> =>
  Object.fromEntries(
    [...store.flows.values()]
      .map(
        ({ flow, version }) => viewAt(flow, version, flow.lastReceivedMs + 1000, clock.now()).flow,
      )
      .map((flow): [string, string | null] => [flow.flowId, flow.outcome])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

describe('a flow whose start was said', () => {
  test('ends by what is said, once its type is known to say so, whoever comes first', async () => {
    const all = await bench();
    await says(all, 'started', 'e1', 'e2');
    await all.place('e1', 'e2', 'e3');
    await all.advance(500);
    await says(all, 'started', 'd1');
    await says(all, 'completed', 'd1');
    await all.advance(5000);
    expect(outcomes(all)).toEqual({ d1: 'completed', e1: null, e2: null, e3: 'completed' });
    await says(all, 'completed', 'e2');
    await all.advance(5000);
    expect(outcomes(all)).toMatchObject({ e1: null, e2: 'completed' });
    await all.pipeline.stop();
  });

  test('is open again where its type begins to say so after it was quiet', async () => {
    const all = await bench();
    await says(all, 'started', 'e1');
    await all.place('e1');
    await all.advance(10_000);
    expect(outcomes(all)).toEqual({ e1: 'completed' });
    await says(all, 'started', 'd1');
    await says(all, 'completed', 'd1');
    await all.advance(2000);
    expect(outcomes(all)).toEqual({ d1: 'completed', e1: null });
    await all.pipeline.stop();
  });

  test.each(['failed', 'cancelled'])(
    'and of whose type only what %s is said ends by quiet',
    async (event) => {
      const all = await bench();
      await says(all, 'started', 'd1', 'e1');
      await says(all, event, 'd1');
      await all.advance(5000);
      expect(outcomes(all)).toEqual({ d1: event, e1: 'completed' });
      await all.pipeline.stop();
    },
  );

  test('ends by quiet where hundreds of its type did, and one did not', async () => {
    const all = await bench();
    const many = Array.from({ length: 100 }, (_, i) => `e${i}`);
    await says(all, 'started', ...many);
    await all.advance(10_000);
    await says(all, 'started', 'd1', 'f1');
    await says(all, 'completed', 'd1');
    await all.advance(5000);
    expect(outcomes(all)).toMatchObject({ d1: 'completed', f1: 'completed', e1: 'completed' });
    await all.pipeline.stop();
  });

  test('and that sleeps teaches nobody that this is how they end', async () => {
    const all = await bench();
    await says(all, 'started', 'd1', 'e1');
    await says(all, 'completed', 'd1');
    await all.advance(60_000);
    const [learned] = all.pipeline.expectations.inspect('order');
    expect(learned!.model).toMatchObject({ ends: { declared: 1, quiet: 0 } });
    await all.pipeline.stop();
  });

  test('a restart keeps who says so', async () => {
    const clock = manualClock();
    const store = memoryStore(() => clock.now());
    const before = await bench(clock, store);
    await says(before, 'started', 'd1');
    await says(before, 'completed', 'd1');
    await before.advance(5000);
    await before.pipeline.stop();
    const after = await bench(clock, store);
    await says(after, 'started', 'e1');
    await after.advance(5000);
    expect(outcomes(after)).toEqual({ d1: 'completed', e1: null });
    await after.pipeline.stop();
  });
});
