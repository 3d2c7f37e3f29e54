import { expect, test } from 'vitest';
import { manualClock } from '../base/clock.ts';
import { memoryStore } from '../testing/memory-store.ts';
import { createBench } from '../testing/pipeline-bench.ts';

/**
 * Tests the engine with orders that must be shipped within 5 s. The server is down for five
 * minutes, and senders queue the spans of that time.
 */
test('what fell due while the server was down gets time, whatever else arrives first; then it is told', async () => {
  const clock = manualClock();
  const store = memoryStore(() => clock.now());
  const before = await createBench({ clock, store });
  await before.place('a1', 'a2');
  await before.advance(1000);
  await before.pipeline.stop();
  clock.advance(300_000);
  const after = await createBench({ clock, store });
  const rules = (id: string): string[] =>
    [...store.flows.values()]
      .filter(({ flow }) => flow.flowId === id)
      .flatMap(({ flow }) => flow.findings.map((finding) => finding.rule));
  const of = (id: string, name: string, step: string[]): Promise<void> =>
    after.deliver(
      after.span(id, {
        name,
        attributes: ['fermata.flow.id', 'a1', 'fermata.flow.type', 'order', ...step],
      }),
    );
  await of('c1', 'audit', []);
  await after.deliver(
    after.span('c2', { attributes: ['fermata.flow.id', 'a2', 'fermata.flow.type', 'order'] }),
  );
  await after.advance(1000);
  expect([rules('a1'), rules('a2')]).toEqual([[], []]);
  await of('c3', 'ship', ['fermata.step.name', 'ship']);
  for (let i = 0; i < 360; i++) await after.advance(1000);
  expect([rules('a1'), rules('a2')]).toEqual([[], ['missing-step']]);
  await after.pipeline.stop();
});

test('what was due before the server went down stays told, and what begins after it has no more time than ever', async () => {
  const clock = manualClock();
  const store = memoryStore(() => clock.now());
  const before = await createBench({ clock, store });
  await before.place('a1');
  for (let i = 0; i < 10; i++) await before.advance(1000);
  await before.place('a2');
  await before.pipeline.stop();
  clock.advance(60_000);
  const after = await createBench({ clock, store });
  const stuck = (): string[] =>
    [...store.flows.values()]
      .filter(({ flow }) => flow.health === 'stuck')
      .map(({ flow }) => flow.flowId);
  expect(stuck()).toEqual(['a1']);
  await after.deliver(
    after.span('c1', { attributes: ['fermata.flow.id', 'a1', 'fermata.flow.type', 'order'] }),
  );
  await after.place('a3');
  for (let i = 0; i < 10; i++) await after.advance(1000);
  expect(stuck().sort()).toEqual(['a1', 'a3']);
  await after.pipeline.stop();
});
