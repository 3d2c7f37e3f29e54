import { expect, test } from 'vitest';
import { manualClock } from './base/clock.ts';
import { createCounters } from './base/counters.ts';
import { silentLog } from './base/log.ts';
import { definitionsFrom } from './expect/index.ts';
import { emptyExport } from './model/otlp.ts';
import { unixNanos } from './model/time.ts';
import { createNormalizer } from './normalize/index.ts';
import { createPipeline } from './pipeline.ts';
import { memoryStore } from './store/testing/memory.ts';

test('a deadline that falls into a write of rows is heard when the write is over', async () => {
  const clock = manualClock();
  const store = memoryStore(() => clock.now());
  let gate: Promise<void> | null = null;
  const pipeline = createPipeline({
    clock,
    counters: createCounters(),
    log: silentLog,
    store: {
      ...store,
      async insertFlows(...given) {
        await gate;
        await store.insertFlows(...given);
      },
    },
    normalizer: createNormalizer({ identityKeys: [], searchKeys: [] }),
    settleMs: 1000,
    stuckFloorMs: 1000,
    unloadMs: 60_000,
    expects: true,
    definitions: definitionsFrom({
      flows: { order: { steps: [{ name: 'ship', within: '5s' }] } },
    }).definitions,
    queryRules: [],
    requestFlows: 'keep',
    announce: () => undefined,
    told: () => undefined,
    watched: () => false,
  });
  await pipeline.start();
  const place = async (id: string): Promise<void> => {
    const at = unixNanos(BigInt(clock.now()) * 1_000_000n);
    const written = await pipeline.write([
      pipeline.prepare({
        ...emptyExport(),
        spans: [
          {
            resource: { attributes: ['service.name', 'shop'] },
            scopeName: '',
            traceId: id.padStart(32, '0'),
            spanId: id.padStart(16, '0'),
            parentSpanId: '',
            traceState: '',
            flags: 1,
            name: 'place',
            kind: 1,
            start: at,
            end: at,
            attributes: ['fermata.flow.id', id, 'fermata.flow.type', 'order', 'fermata.step.name', 'place'],
            events: [],
            links: [],
            statusCode: 0,
            statusMessage: '',
          },
        ],
      }),
    ]);
    await written.correlate();
  };
  const advance = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 100) {
      clock.advance(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await place('a1');
  await advance(1000);
  const rulesOf = (): string[] =>
    [...store.flows.values()]
      .filter(({ flow }) => flow.flowId === 'a1')
      .flatMap(({ flow }) => flow.findings.map(({ rule }) => rule));
  expect(rulesOf()).toEqual([]);
  let open = (): void => undefined;
  gate = new Promise((resolve) => (open = resolve));
  await place('b2');
  // The write of b2's row hangs, a1 becomes due within it, and nothing arrives afterwards.
  await advance(6000);
  open();
  // As long again is left to spans.
  await advance(8000);
  expect(rulesOf()).toEqual(['missing-step']);
  await pipeline.stop();
});
