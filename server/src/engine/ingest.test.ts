import { expect, test } from 'vitest';
import { manualClock } from '../base/clock.ts';
import { createCounters } from '../base/counters.ts';
import type { OtlpExport, OtlpLog, OtlpSpan } from '../model/otlp.ts';
import type { Span } from '../model/span.ts';
import { unixNanos } from '../model/time.ts';
import { createNormalizer } from '../normalize/index.ts';
import { createBatches } from './batches.ts';
import { createIngest, type IngestOptions } from './ingest.ts';

const span = (id: number, over: Partial<OtlpSpan> = {}): OtlpSpan => ({
  ...{ resource: { attributes: [] }, scopeName: '', traceId: '1'.repeat(32), parentSpanId: '' },
  ...{ spanId: `${id}`.padStart(16, '0'), traceState: '', flags: 0, name: 'take', kind: 5 },
  ...{ start: unixNanos(1n), end: unixNanos(2n), attributes: [], events: [], links: [] },
  ...{ statusCode: 0, statusMessage: '', ...over },
});
const log = (eventName: string, over: Partial<OtlpLog> = {}): OtlpLog => ({
  ...{ resource: { attributes: [] }, scopeName: '', traceId: '1'.repeat(32), spanId: '' },
  ...{
    time: unixNanos(1n),
    observed: unixNanos(1n),
    severity: 9,
    severityText: '',
    body: '',
    attributes: [],
  },
  ...{ eventName, ...over },
});
const requestOf = (spans: OtlpSpan[], logs: OtlpLog[] = []): OtlpExport => ({
  ...{ spans, logs, rejected: 0, rejectedReason: '', truncated: 0 },
});

/**
 * Creates an `Ingest` with simulated stages. A request that contains a span whose key ends in
 * `away` has to wait for evicted flows.
 */
function bench({ away = '', refused = false, leftToReplay = false, hasCapacity = true } = {}) {
  const counters = createCounters();
  const batches = createBatches();
  batches.replayed();
  const events: string[] = [];
  const waiting: (() => void)[] = [];
  const isAway = (spans: readonly Span[]): boolean => spans.some(({ key }) => key.endsWith(away));
  const rowsOf = (count: number): ReturnType<IngestOptions['store']['prepareSpans']> => ({ count });
  const ingest = createIngest({
    clock: manualClock(),
    counters,
    batches,
    normalizer: createNormalizer({ identityKeys: [], searchKeys: [] }),
    definitions: { announced: (json) => void events.push(`announced ${json}`) },
    expectations: { observeArrival: (spans) => void events.push(`arrived ${spans.length}`) },
    store: {
      prepareSpans: (_batch, records) => rowsOf(records.length),
      async insertSpans(prepared) {
        if (refused) throw new Error('refused');
        events.push(`committed ${prepared.length}`);
      },
      prepareLogs: (records) => rowsOf(records.length),
      async insertLogs(prepared) {
        events.push(`logs ${prepared.map(({ count }) => count).join()}`);
      },
    },
    logs: 'errors',
    reloads: {
      addNow(spans) {
        if (away !== '' && isAway(spans)) return false;
        events.push(`added ${spans.length}`);
        return true;
      },
      async addLater(spans) {
        await new Promise<void>((resolve) => waiting.push(resolve));
        events.push(`added later ${spans.length}`);
        if (leftToReplay) return 'left-to-replay';
        return 'added';
      },
    },
    projection: {
      waitForCapacity: () => (hasCapacity ? Promise.resolve() : new Promise(() => undefined)),
    },
  });
  const counted = (name: string): number =>
    counters.read().find((one) => one.name === name)?.value ?? 0;
  return { ingest, batches, events, waiting, counted };
}

test('spans and milestones become evidence; what says nothing of a flow is counted', () => {
  const { ingest, events, counted } = bench();
  const { spans, batch } = ingest.prepare(
    requestOf([span(1)], [log('fermata.flow.started'), log('something else'), log('')]),
  );
  expect(spans.map(({ role }) => role)).toEqual(['process', 'event']);
  expect(batch).toBe(1);
  expect(counted('fermata_ignored_log_records_total')).toBe(2);
  expect(events).toEqual([]);
});

test('requests are numbered in the order in which they are prepared', () => {
  const { ingest } = bench();
  expect([1, 2, 3].map((id) => ingest.prepare(requestOf([span(id)])).batch)).toEqual([1, 2, 3]);
});

test('nothing is correlated before it is committed, and a refused commit claims nothing', async () => {
  const { ingest, batches, events } = bench({ refused: true });
  await expect(ingest.write([ingest.prepare(requestOf([span(1)]))])).rejects.toThrow('refused');
  expect([events, batches.lastCorrelated]).toEqual([[], 0]);
});

test('requests that are committed together are correlated together', async () => {
  const { ingest, batches, events, counted } = bench();
  const prepared = [1, 2].map((id) => ingest.prepare(requestOf([span(id)])));
  const written = await ingest.write(prepared);
  expect(events).toEqual(['committed 2', 'arrived 2']);
  await written.correlate?.();
  expect(events.at(-1)).toBe('added 2');
  expect(prepared.map((one) => written.later?.(one))).toEqual([undefined, undefined]);
  expect(batches.lastCorrelated).toBe(2);
  expect([counted('fermata_commits_total'), counted('fermata_committed_records_total')]).toEqual([
    1, 2,
  ]);
});

test('a request that waits for what was evicted holds no other one back', async () => {
  const { ingest, batches, events, waiting } = bench({ away: '2' });
  const [now, late] = [1, 2].map((id) => ingest.prepare(requestOf([span(id)]))) as [
    ReturnType<typeof ingest.prepare>,
    ReturnType<typeof ingest.prepare>,
  ];
  const written = await ingest.write([late, now]);
  await written.correlate?.();
  expect(events.at(-1)).toBe('added 1');
  expect(written.later?.(now)).toBeUndefined();
  // The request `now`, which was correlated first, also has the lower number. So it counts as
  // correlated although `late` still waits.
  expect(batches.lastCorrelated).toBe(1);
  waiting[0]!();
  await written.later?.(late);
  expect(events.at(-1)).toBe('added later 1');
  expect(batches.lastCorrelated).toBe(2);
});

test('what is left to the replay of the next start is not claimed as correlated', async () => {
  const { ingest, batches, waiting } = bench({ away: '1', leftToReplay: true });
  const prepared = ingest.prepare(requestOf([span(1)]));
  const written = await ingest.write([prepared]);
  await written.correlate?.();
  waiting[0]!();
  await written.later?.(prepared);
  expect(batches.lastCorrelated).toBe(0);
});

test('the answer waits while projection is behind', async () => {
  const { ingest } = bench({ hasCapacity: false });
  const written = await ingest.write([ingest.prepare(requestOf([span(1)]))]);
  let isAnswered = false;
  void written.correlate?.().then(() => (isAnswered = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(isAnswered).toBe(false);
});
