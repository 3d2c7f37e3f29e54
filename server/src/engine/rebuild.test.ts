import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { manualClock } from '../base/clock.ts';
import { createCounters, type Counters } from '../base/counters.ts';
import { silentLog } from '../base/log.ts';
import type { Flow } from '../model/flow.ts';
import { emptyExport, type OtlpSpan } from '../model/otlp.ts';
import { unixNanos } from '../model/time.ts';
import { createNormalizer } from '../normalize/index.ts';
import { createEngine, type Engine, type EngineOptions } from './index.ts';
import { createExpectations } from '../expect/index.ts';
import { createStore, type Store } from '../store/index.ts';
import { NO_SINK } from '../testing/pipeline-bench.ts';

/**
 * These tests damage parts of the flow table between a stop and a start. Afterwards queries must
 * still return everything that was acknowledged.
 */
const home = mkdtempSync(join(tmpdir(), 'fermata-rebuild-'));
const directory = join(home, 'data');
const kept = join(home, 'kept');
const clock = manualClock(Date.now());
const ROUNDS = 3;
const FLOWS = 8;
const names = Array.from({ length: ROUNDS * FLOWS }, (_, i) => `order-${i}`);
const requests = Array.from({ length: ROUNDS }, (_, i) => `${i}`.padStart(32, 'e'));

interface Life {
  store: Store;
  pipeline: Engine;
  counters: Counters;
  said: Flow[];
  stop(): Promise<void>;
}
/**
 * The running engine. It must be stopped before the next one starts, because only one can open the
 * directory.
 */
let current: Life | undefined;
async function live(more: Partial<EngineOptions> = {}): Promise<Life> {
  const counters = createCounters();
  const said: Flow[] = [];
  const store = createStore({
    ...{
      clickhouseUrl: '',
      directory,
      cluster: '',
      retentionDays: 3650,
      memoryLimitBytes: 2 ** 31,
    },
    ...{ clock, counters, log: silentLog },
  });
  await store.start();
  const pipeline = createEngine({
    ...{
      clock,
      counters,
      log: silentLog,
      store,
      settleMs: 1000,
      expectations: createExpectations({ clock, counters, settleMs: 1000, floorMs: 1000 }),
      idleBeforeEvictionMs: 60_000,
    },
    normalizer: createNormalizer({ identityKeys: [], searchKeys: [] }),
    ...{ expects: true, definitions: [], queryRules: () => [], requestFlows: 'drop', logs: 'off' },
    sink: { ...NO_SINK, committed: (flows) => void said.push(...flows) },
    ...more,
  });
  await pipeline.start();
  pipeline.rebuild(false);
  let isOver = false;
  current = {
    ...{ store, pipeline, counters, said },
    async stop() {
      if (isOver) return;
      isOver = true;
      await pipeline.stop();
      await store.stop();
    },
  };
  return current;
}
const span = (traceId: string, spanId: string, more: Partial<OtlpSpan> = {}): OtlpSpan => {
  const at = unixNanos(BigInt(clock.now()) * 1_000_000n);
  return {
    ...{
      traceId,
      spanId,
      parentSpanId: '',
      traceState: '',
      flags: 1,
      name: 'place',
      kind: 1,
      scopeName: '',
    },
    ...{
      start: at,
      end: at,
      attributes: [],
      events: [],
      links: [],
      statusCode: 0,
      statusMessage: '',
    },
    resource: { attributes: ['service.name', 'shop'] },
    ...more,
  };
};
/** Returns two spans in different traces, which only the flow id `name` joins. */
const spansOf = (name: string): OtlpSpan[] =>
  ['a', 'b'].map((letter) => {
    const id = `${letter}${name.slice('order-'.length).padStart(15, '0')}`;
    return span(id.padStart(32, letter), id, {
      attributes: ['fermata.flow.id', name, 'fermata.flow.type', 'order'],
      statusCode: letter === 'b' && name.endsWith('7') ? 2 : 0,
    });
  });
async function deliver({ pipeline }: Life, spans: OtlpSpan[]): Promise<void> {
  const prepared = pipeline.prepare({ ...emptyExport(), spans });
  const written = await pipeline.write([prepared]);
  await written.correlate();
  await written.later?.(prepared);
}
/**
 * Returns the version of the learned model, which equals the number of flows that it learned from.
 */
const taught = ({ pipeline }: Life): number | undefined =>
  (pipeline.expectations.inspect('order')[0]?.model as { version: number } | undefined)?.version;

/** Returns the names of flows for which queries return too few steps or spans. */
async function missing({ store }: Life): Promise<string[]> {
  const { items } = await store.listFlows({ limit: 100 });
  const lacking: string[] = [];
  for (const name of names) {
    const row = items.find(({ flow }) => flow.flowId === name);
    const spans = row === undefined ? [] : (await store.spansOf(row.flow.id, 10)).items;
    if (row?.stepCount !== 2 || spans.length !== 2) lacking.push(name);
  }
  return lacking;
}

const tableOf = (table: string): string => join(directory, 'engine', 'data', 'default', table);
const rangeOf = (part: string): number[] => part.split('_').slice(1).map(Number);
/**
 * Returns the directory of the table's oldest active part. Its batches are below the watermark that
 * later parts hold, so its spans are not replayed at start.
 */
function oldPart(table: string): string {
  const list = (): string[] =>
    readdirSync(tableOf(table)).filter((name) => /_\d+_\d+_\d+$/.test(name));
  // After a merge, the engine keeps the merged parts for some minutes and would fall back to them.
  // Remove them.
  for (const part of list().filter((one) => list().some((other) => holds(other, one))))
    rmSync(join(tableOf(table), part), { recursive: true });
  const [oldest] = list().sort((a, b) => rangeOf(a)[0]! - rangeOf(b)[0]!);
  return join(tableOf(table), oldest!);
}
function holds(part: string, other: string): boolean {
  const [from = 0, to = 0] = rangeOf(part);
  const [a = 0, b = 0] = rangeOf(other);
  return part !== other && from <= a && b <= to && to - from > b - a;
}
const empty = (table: string): void => {
  const part = oldPart(table);
  for (const file of readdirSync(part)) if (/^data\./.test(file)) truncateSync(join(part, file), 0);
};
const remove = (table: string): void => rmSync(oldPart(table), { recursive: true });
const hollow = (table: string): void => {
  const part = oldPart(table);
  rmSync(part, { recursive: true });
  mkdirSync(part);
};
const flip = (table: string, ...places: number[]): void => {
  const path = join(oldPart(table), 'data.bin');
  const file = openSync(path, 'r+');
  for (const place of places)
    writeSync(file, Buffer.from([255, 0, 255]), 0, 3, Math.floor(statSync(path).size * place));
  closeSync(file);
};

let learnedBefore: number | undefined;
beforeAll(async () => {
  const life = await live();
  for (let round = 0; round < ROUNDS; round++) {
    await deliver(life, names.slice(round * FLOWS, (round + 1) * FLOWS).flatMap(spansOf));
    // A trace without messages and without a flow id gets no row. A rebuild must not add one.
    await deliver(life, [span(requests[round]!, requests[round]!.slice(-16))]);
    clock.advance(5000);
    await life.pipeline.idle();
  }
  clock.advance(120_000);
  await life.pipeline.idle();
  learnedBefore = taught(life);
  expect(learnedBefore).toBe(names.length);
  await life.stop();
  execFileSync('cp', ['-a', directory, kept]);
}, 120_000);
afterAll(async () => {
  await current?.stop();
  rmSync(home, { recursive: true, force: true });
});

const again = async (damage: () => void): Promise<Life> => {
  await current?.stop();
  rmSync(directory, { recursive: true, force: true });
  execFileSync('cp', ['-a', kept, directory]);
  damage();
  return live();
};
const value = ({ counters }: Life, name: string): number =>
  counters.read().find((one) => one.name === name)?.value ?? 0;

test('without a loss nothing is looked for', async () => {
  const life = await again(() => undefined);
  expect(life.pipeline.lacksRows).toBe(false);
  expect(await missing(life)).toEqual([]);
  expect(value(life, 'fermata_rebuilt_spans_total')).toBe(0);
  await life.stop();
}, 60_000);

test.each([
  ['a part whose files are empty', () => empty('flows')],
  ['a part that is gone', () => remove('flows')],
  ['a part without files', () => hollow('flows')],
  // Flip bits at several positions, because the schema determines which columns are read and where
  // they are in the file.
  ['flipped bits', () => flip('flows', 0.2, 0.3, 0.4, 0.5)],
  ['a flipped bit in another column', () => flip('flows', 0.3)],
])(
  'flow rows are projected again from the evidence: %s',
  async (_, damage) => {
    const life = await again(damage);
    // Give replayed spans time to be projected.
    clock.advance(1000);
    await life.pipeline.idle();
    // The first query detects the broken part, returns the remaining rows and thereby triggers a
    // rebuild.
    await missing(life);
    await life.pipeline.idle();
    expect(await missing(life)).toEqual([]);
    expect(value(life, 'fermata_rebuilt_spans_total')).toBeGreaterThan(0);
    expect(await life.store.findFlow(requests[0]!)).toEqual([]);
    clock.advance(120_000);
    await life.pipeline.idle();
    expect(taught(life)).toEqual(learnedBefore);
    await life.stop();

    const next = await live();
    expect(next.pipeline.lacksRows).toBe(false);
    expect(await missing(next)).toEqual([]);
    expect(value(next, 'fermata_rebuilt_spans_total')).toBe(0);
    await next.stop();
  },
  120_000,
);

test('a rebuild that a stop interrupts is done by the next start', async () => {
  const life = await again(() => remove('flows'));
  await life.stop();
  const next = await live();
  clock.advance(1000);
  await next.pipeline.idle();
  expect(await missing(next)).toEqual([]);
  await next.stop();
}, 60_000);

test('a flipped bit in the evidence: flows stay, and say that records of theirs are gone', async () => {
  const life = await again(() => flip('records', 0.2, 0.35, 0.5, 0.65, 0.8));
  const list = await life.store.listFlows({ limit: 100 });
  expect(list.total).toBe(names.length);
  let lacking = 0;
  for (const { flow } of list.items) {
    const { items, incomplete } = await life.store.spansOf(flow.id, 10);
    expect(incomplete).toBe(items.length < 2);
    if (incomplete) lacking++;
  }
  expect(lacking).toBeGreaterThan(0);
  expect(value(life, 'fermata_broken_parts_total')).toBe(1);
  await life.stop();
}, 60_000);

test('a flipped bit in what was learned does not keep the server from starting', async () => {
  const life = await again(() => flip('learned', 0.9));
  expect(await missing(life)).toEqual([]);
  await life.stop();
}, 60_000);

test('by hand, all rows are projected anew', async () => {
  const life = await again(() => undefined);
  const before = (await life.store.listFlows({ limit: 100 })).items.map(({ version }) => version);
  life.pipeline.rebuild(true);
  await life.pipeline.idle();
  const after = (await life.store.listFlows({ limit: 100 })).items.map(({ version }) => version);
  expect(after).toHaveLength(before.length);
  after.forEach((version, i) => expect(version).toBeGreaterThan(before[i]!));
  expect(await missing(life)).toEqual([]);
  clock.advance(120_000);
  await life.pipeline.idle();
  expect(taught(life)).toEqual(learnedBefore);
  await life.stop();
}, 60_000);
