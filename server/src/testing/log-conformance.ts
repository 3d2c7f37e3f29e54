import { expect, test } from 'vitest';
import type { Clock } from '../base/clock.ts';
import type { LogRecord } from '../model/log-record.ts';
import type { OtlpSpan } from '../model/otlp.ts';
import { unixNanos } from '../model/time.ts';
import type { LogPage, LogSearch, Store } from '../store/port/index.ts';

interface Bench {
  store: () => Store;
  clock: Clock;
  /** Commits spans, and writes the rows of their flows. */
  insert: (spans: (Partial<OtlpSpan> & { traceId: string; spanId: string })[]) => Promise<void>;
}

const ids = (n: number): { traceId: string; spanId: string } => ({
  traceId: `d0${String(n).padStart(30, '0')}`,
  spanId: `d0${String(n).padStart(14, '0')}`,
});
const hostile = 'tab\there\nline \\ \' " \u0000 <script>alert(1)</script> é 漢 \u202e';

/** Tests the contract of the store for log records. Called by `store-conformance.ts`. */
export function testLogs({ store, clock, insert }: Bench): void {
  let made = 0;
  const logOf = (over: Partial<LogRecord>): LogRecord => ({
    ...{ id: String(++made).padStart(16, '0'), traceId: '', spanId: '', severity: 9 },
    ...{ time: unixNanos(BigInt(1000 + made)), receivedAtMs: clock.now(), isCut: false },
    ...{ eventName: '', scope: 'lib', body: `line ${made}`, attributes: '', resource: '' },
    service: { environment: '', name: 'shop', version: '', instance: '' },
    ...over,
  });
  const write = (...logs: LogRecord[]): Promise<void> =>
    store().insertLogs([store().prepareLogs(logs, [])]);
  const read = (flow: string, search: Partial<LogSearch> = {}): Promise<LogPage> =>
    store().logsOf(flow, { severity: 0, text: '', limit: 100, ...search });
  const bodies = async (flow: string, search: Partial<LogSearch> = {}): Promise<string[]> =>
    (await read(flow, search)).items.map(({ body }) => body);

  test('a log record comes back as it was kept, in order of time, and once', async () => {
    const at = ids(1);
    await insert([at]);
    const first = logOf({
      ...at,
      ...{ severity: 17, body: hostile, eventName: 'payment.failed', isCut: true },
      attributes: '{"exception.type":"Boom","n":{"int":"9007199254740993"}}',
      resource: '{"service.name":"shop"}',
      time: unixNanos(2n ** 64n - 1n),
    });
    await write(first, logOf({ ...at, body: 'earlier' }));
    await write(first);
    const { items, total, ...rest } = await read(at.traceId);
    expect(items.map(({ body }) => body)).toEqual(['earlier', hostile]);
    expect(items[1]).toEqual({
      ...first,
      service: 'shop',
      attributes: ['exception.type', 'Boom', 'n', 9007199254740993n],
      resource: ['service.name', 'shop'],
    });
    expect(total).toBe(2);
    expect(rest).toEqual({
      ...{ next: null, truncated: false, dropped: { records: 0, errors: 0 } },
      severities: new Map([
        [9, 1],
        [17, 1],
      ]),
      services: new Map([['shop', 2]]),
    });
  });

  test('log records that came before the spans of their flow are found', async () => {
    const at = ids(2);
    await write(logOf({ ...at, body: 'first' }));
    expect(await bodies(at.traceId)).toEqual([]);
    await insert([at]);
    expect(await bodies(at.traceId)).toEqual(['first']);
  });

  test('a record of a trace that serves two flows is in the flow of its span', async () => {
    const { traceId } = ids(3);
    const flow = (id: string): string[] => ['fermata.flow.id', id, 'fermata.flow.type', 'logged'];
    const [a, b, unknown] = ['a', 'b', 'c'].map((digit) => digit.repeat(16)) as [
      string,
      string,
      string,
    ];
    await insert([
      { traceId, spanId: a, attributes: flow('one') },
      { traceId, spanId: b, attributes: flow('two') },
    ]);
    await write(
      logOf({ traceId, spanId: a, body: 'in a' }),
      logOf({ traceId, spanId: b, body: 'in b' }),
      logOf({ traceId, spanId: unknown, body: 'in a span that did not come' }),
      logOf({ traceId, body: 'in no span' }),
    );
    const both = ['in a span that did not come', 'in no span'];
    const [one, two] = await Promise.all(
      ['one', 'two'].map(async (id) => bodies((await store().findFlow(id))[0]!)),
    );
    expect(one).toEqual(['in a', ...both]);
    expect(two).toEqual(['in b', ...both]);
  });

  test('log records are found by severity, service, span and text, page by page', async () => {
    const at = ids(4);
    await insert([at]);
    const desk = { environment: '', name: 'desk', version: '', instance: '' };
    await write(
      logOf({ ...at, severity: 5, body: 'polled' }),
      logOf({ ...at, spanId: '', severity: 17, body: 'Connection REFUSED' }),
      logOf({ ...at, severity: 13, service: desk, body: 'slow', attributes: '{"host":"refused"}' }),
      logOf({ ...at, severity: 21, service: desk, body: 'gone', time: unixNanos(1n) }),
    );
    expect(await bodies(at.traceId, { severity: 17 })).toEqual(['gone', 'Connection REFUSED']);
    expect(await bodies(at.traceId, { service: 'desk' })).toEqual(['gone', 'slow']);
    expect(await bodies(at.traceId, { text: 'refused' })).toEqual(['Connection REFUSED', 'slow']);
    expect(await bodies(at.traceId, { text: "%' OR 1=1 --" })).toEqual([]);
    expect(await bodies(at.traceId, { spans: [at.spanId] })).toEqual(['gone', 'polled', 'slow']);
    const pages: string[][] = [];
    for (let after: LogSearch['after'] | null; after !== null;) {
      const page = await read(at.traceId, { limit: 3, ...(after && { after }) });
      expect(page.total).toBe(4);
      pages.push(page.items.map(({ body }) => body));
      after = page.next;
    }
    expect(pages).toEqual([['gone', 'polled', 'Connection REFUSED'], ['slow']]);
    const { severities, services } = await read(at.traceId, { service: 'desk', severity: 21 });
    expect([severities.get(5), services.get('shop')]).toEqual([1, 2]);
  });

  test('records of the same time are in the order in which they were sent', async () => {
    const at = ids(7);
    await insert([at]);
    const time = unixNanos(5n);
    const sent = ['9', '1', '5', '0', 'f'].map((digit) =>
      logOf({ ...at, time, id: digit.repeat(16), body: digit }),
    );
    await write(...sent);
    expect((await bodies(at.traceId)).join('')).toBe('9150f');
    const { next } = await read(at.traceId, { limit: 2 });
    expect((await bodies(at.traceId, { after: next! })).join('')).toBe('50f');
  });

  test('what was not kept is counted, once however often the count was written', async () => {
    const at = ids(5);
    await insert([at]);
    const { traceId } = at;
    const dropped = { id: 'f'.repeat(16), traceId, receivedAtMs: clock.now() };
    for (const records of [5, 5])
      await store().insertLogs([store().prepareLogs([], [{ ...dropped, records, errors: 2 }])]);
    await store().insertLogs([
      store().prepareLogs([logOf(at)], [{ ...dropped, id: 'e'.repeat(16), records: 1, errors: 0 }]),
    ]);
    const page = await read(traceId);
    expect(page.dropped).toEqual({ records: 6, errors: 2 });
    expect(page.total).toBe(1);
  });

  test('a record that cannot be read keeps no other away', async () => {
    const at = ids(6);
    await insert([at]);
    await write(logOf({ ...at, attributes: '{' }), logOf({ ...at, body: 'whole' }));
    expect(await bodies(at.traceId)).toEqual(['whole']);
  });

  test('an unknown flow has no log records', async () => {
    expect(await read('never')).toMatchObject({ items: [], total: 0, next: null });
  });
}
