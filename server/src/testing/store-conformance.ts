import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { manualClock, type Clock } from '../base/clock.ts';
import { createCounters, type Counters } from '../base/counters.ts';
import { HASH_BYTES, hashesOf } from '../base/name-hash.ts';
import { silentLog } from '../base/log.ts';
import { createCorrelator } from '../correlate/index.ts';
import { createProjector } from '../engine/projection/index.ts';
import type { Flow, FlowChange } from '../model/flow.ts';
import { KeyValues, WholeDouble, type OtlpSpan } from '../model/otlp.ts';
import { ORIGIN, TRACE } from '../model/names.ts';
import type { EvidenceRecord } from '../model/record.ts';
import { FLOW_SORTS, type FlowOrder } from '../model/search.ts';
import { msOf, nanosFromMs, unixNanos } from '../model/time.ts';
import { createNormalizer } from '../normalize/index.ts';
import { matchesQuery } from '../model/search-match.ts';
import { parseQuery } from '../query/language/parse.ts';
import { flowIn, tombstoneOf } from './builders.ts';
import { NO_CLOCKS } from './correlator-harness.ts';
import { testLogs } from './log-conformance.ts';
import { someFlows, TWENTY_QUERIES } from './some-flows.ts';
import type { FlowPage, Store, StoredSpan } from '../store/port/index.ts';

/** Tests the contract of `store/port`. The whole suite runs for every kind of connection. */
export function describeStore(
  name: string,
  open: (clock: Clock, counters: Counters) => Promise<{ store: Store; close: () => Promise<void> }>,
): void {
  const normalizer = createNormalizer({ identityKeys: [], searchKeys: ['customer.id'] });
  const clock = manualClock(1_794_000_000_000);
  const counters = createCounters();

  const otlp = (over: Partial<OtlpSpan> & { traceId: string; spanId: string }): OtlpSpan => ({
    resource: { attributes: ['service.name', 'shop', 'service.version', '1.2.3'] },
    scopeName: 'test',
    parentSpanId: '',
    traceState: '',
    flags: 0x101,
    name: 'GET /orders',
    kind: 2,
    start: unixNanos(1_794_000_000_000_000_001n),
    end: unixNanos(1_794_000_000_010_000_001n),
    attributes: [],
    events: [],
    links: [],
    statusCode: 0,
    statusMessage: '',
    ...over,
  });
  const record = (span: OtlpSpan): EvidenceRecord => normalizer.span(span, clock.now());
  const trace = (digit: string): string => digit.repeat(32);
  const id = (digit: string): string => digit.repeat(16);
  const flowsOf = (records: EvidenceRecord[]): FlowChange[] => {
    const projector = createProjector({
      ...{ clock, counters: createCounters(), log: silentLog, clocks: NO_CLOCKS, settleMs: 0 },
      correlator: createCorrelator({
        clock,
        counters: createCounters(),
        idleBeforeEvictionMs: 60_000,
      }),
      assess: (flow) => flow,
      ...{ onDirty: () => {}, onSettled: () => {}, onAway: () => {} },
    });
    projector.add(records.map((r) => r.span));
    const changes = projector.takeChanges().list;
    projector.stop();
    return changes;
  };
  const settlesAt = (flow: Flow): number => (flow.idleOutcome === null ? 0 : clock.now() + 99);

  describe(name, () => {
    let store: Store;
    let close: () => Promise<void>;
    beforeAll(async () => {
      ({ store, close } = await open(clock, counters));
      await store.start();
    });
    afterAll(async () => {
      await store.stop();
      await store.stop();
      await close();
    });

    const hostile = 'tab\there\nnewline \\ backslash \' quote " \u0000 nul é 漢 \u202e';
    const rich = otlp({
      traceId: trace('1'),
      spanId: id('1'),
      name: hostile,
      start: unixNanos(0n),
      end: unixNanos(2n ** 64n - 1n),
      statusCode: 2,
      statusMessage: hostile,
      attributes: [
        'text',
        hostile,
        '__proto__',
        'p',
        'int',
        42,
        'big',
        9007199254740993n,
        'double',
        0.5,
        'whole',
        new WholeDouble(3),
        'doubles',
        [new WholeDouble(1), 2.5],
        'mixed',
        [1, new WholeDouble(2)],
        'nan',
        Number.NaN,
        'yes',
        true,
        'nothing',
        null,
        'list',
        ['a', 1, ['b']],
        'map',
        new KeyValues(['k', 1n]),
        'bytes',
        new Uint8Array([0, 255]),
        'db.password',
        'hunter2',
        'customer.id',
        'c-1',
      ],
      scope: {
        ...{ version: '1.2', schemaUrl: 'https://example.org/s', dropped: 3 },
        attributes: ['short', true, 'weight', new WholeDouble(1)],
      },
      events: [
        {
          time: unixNanos(5n),
          name: 'exception',
          attributes: ['exception.type', 'Boom'],
          dropped: 2,
        },
      ],
      links: [
        {
          ...{ traceId: trace('2'), spanId: id('2'), attributes: ['messaging.message.id', 'm'] },
          ...{ traceState: 'a=b', flags: 0x101, dropped: 1 },
        },
      ],
      ...{ droppedLinks: 7, droppedAttributes: 4, droppedEvents: 5, cut: 6 },
    });

    test('a record comes back as it was sent; secrets do not', async () => {
      await store.insertSpans([store.prepareSpans(1, [record(rich)])]);
      await store.insertFlows(flowsOf([record(rich)]), 1, settlesAt);
      const { items } = await store.spansOf((await store.findFlow(trace('1')))[0]!, 10);
      const [back] = items;
      const span = (back as StoredSpan & { span: OtlpSpan }).span;
      const { attributes: sent, resource: _r, scope, ...rest } = rich;
      expect(span).toMatchObject(rest);
      const { memo: _memo, ...scopeSent } = scope!;
      expect(span.scope).toEqual(scopeSent);
      const expected = [...sent];
      expected[expected.indexOf('db.password') + 1] = '[redacted]';
      expect(span.attributes).toEqual(expected);
      expect(normalizer.span(span, back!.receivedAtMs).span).toEqual(
        record({ ...rich, attributes: expected }).span,
      );
    });

    test('the same record twice is one span', async () => {
      const twice = otlp({ traceId: trace('3'), spanId: id('3') });
      await store.insertSpans([store.prepareSpans(2, [record(twice)])]);
      await store.insertSpans([store.prepareSpans(3, [record(twice)])]);
      await store.insertFlows(flowsOf([record(twice)]), 3, settlesAt);
      expect((await store.spansOf(trace('3'), 10)).items).toHaveLength(1);
    });

    test('of two records with one id that differ, the one that ends last is shown, and both leave', async () => {
      const first = otlp({ traceId: trace('a'), spanId: id('a'), name: 'first' });
      const second = { ...first, name: 'second', end: unixNanos(first.end + 5n) };
      for (const [i, one] of [second, first, second].entries())
        await store.insertSpans([store.prepareSpans(4 + i, [record(one)])]);
      await store.insertFlows(flowsOf([record(second)]), 3, settlesAt);
      const { items, total } = await store.spansOf(trace('a'), 10);
      expect(total).toBe(1);
      expect(
        items.map(({ span, sameId }) => [span?.name, sameId?.map((one) => one.span?.name)]),
      ).toEqual([['second', ['first']]]);
      const exported = (await store.spansOfFlows([trace('a')])).get(trace('a'))!;
      expect(exported.map(({ span }) => span?.name)).toEqual(['second', 'first']);
    });

    test('a record that cannot be read keeps no other away, and is counted', async () => {
      const [whole, broken] = ['1', '2'].map((digit) =>
        record(
          otlp({
            traceId: trace('7'),
            spanId: id(digit),
            parentSpanId: digit === '1' ? '' : id('1'),
          }),
        ),
      ) as [EvidenceRecord, EvidenceRecord];
      const { lastBatch } = await store.watermarks();
      const damaged = { ...broken, raw: { ...broken.raw, attributes: ['{'] } };
      await store.insertSpans([store.prepareSpans(lastBatch + 1, [whole, damaged])]);
      await store.insertFlows(flowsOf([whole, broken]), 1, settlesAt);
      const replayed: StoredSpan[] = [];
      for await (const block of store.replay(lastBatch)) replayed.push(...block);
      const [loaded] = await store.loadByIds([trace('7')]);
      for (const read of [replayed, loaded!.members, (await store.spansOf(trace('7'), 10)).items])
        expect(read.map(({ spanId }) => spanId)).toEqual([id('1')]);
      expect(counters.read()).toContainEqual({
        name: 'fermata_unreadable_rows_total',
        value: 3,
        kind: 'counter',
      });
    });

    test('of several versions the greatest counts; a tombstone leads on', async () => {
      const [change] = flowsOf([record(otlp({ traceId: trace('4'), spanId: id('4') }))]);
      const older: FlowChange = {
        kind: 'flow',
        id: change!.id,
        version: change!.version - 5,
        flow: { ...flowIn(change)!, type: 'older' },
      };
      await store.insertFlows([change!], 3, settlesAt);
      await store.insertFlows([older], 3, settlesAt);
      expect((await store.getFlow(trace('4')))!.flow.type).toBe(flowIn(change)!.type);
      await store.insertFlows(
        [{ kind: 'tombstone', id: 'former', version: change!.version + 1, movedTo: trace('4') }],
        3,
        settlesAt,
      );
      expect(await store.findFlow('former')).toEqual([trace('4')]);
      expect((await store.getFlow(trace('4')))!.flow.aliases).toEqual(['former']);
      expect((await store.loadByIds(['former', trace('4')])).map((flow) => flow.id)).toEqual([
        trace('4'),
      ]);
      expect(await store.getFlow('former')).toBeNull();
      expect(await store.getFlow('never')).toBeNull();
      expect(await store.findFlow('never')).toEqual([]);
    });

    test('a flow knows the one that it is part of, and those that are part of it, run by run', async () => {
      const child = (n: string, at: number, ...parent: string[]): OtlpSpan =>
        otlp({
          traceId: trace('e'),
          spanId: id(n),
          start: nanosFromMs(at),
          end: nanosFromMs(at + 1),
          attributes: ['fermata.flow.id', `part-${n}`, 'fermata.flow.type', 'part', ...parent],
        });
      const whole = child('0', 1000);
      whole.attributes = ['fermata.flow.id', 'whole', 'fermata.flow.type', 'sum'];
      const byId = ['fermata.flow.parent.id', 'whole'];
      const changes = flowsOf(
        [
          whole,
          child('1', 1001, ...byId, 'fermata.flow.parent.type', 'sum'),
          child('2', 1002, ...byId),
          child('3', 2001, ...byId),
          child('4', 2002, 'fermata.flow.parent.id', 'never'),
        ].map((span) => record(span)),
      );
      const named = (name: string): Flow =>
        flowIn(changes.find((change) => flowIn(change)?.flowId === name))!;
      const first = named('whole');
      const second: Flow = { ...first, id: `${first.id}.2`, run: 2, started: nanosFromMs(2000) };
      await store.insertFlows(
        [...changes, { kind: 'flow', id: second.id, version: changes[0]!.version, flow: second }],
        3,
        settlesAt,
      );
      const relations = async (flow: Flow): Promise<unknown[]> =>
        (await store.familyOf((await store.getFlow(flow.id))!.flow)).map(
          ({ kind, flowId, target }) => [kind, flowId, target],
        );
      expect(await relations(first)).toEqual([
        ['child', named('part-1').id, 'part-1'],
        ['child', named('part-2').id, 'part-2'],
      ]);
      expect(await relations(second)).toEqual([['child', named('part-3').id, 'part-3']]);
      expect(await relations(named('part-1'))).toEqual([['parent', first.id, 'whole']]);
      expect(await relations(named('part-2'))).toEqual([['parent', first.id, 'whole']]);
      expect(await relations(named('part-3'))).toEqual([['parent', second.id, 'whole']]);
      expect(await relations(named('part-4'))).toEqual([['parent', null, 'never']]);
    });

    test('flows that share a business key know each other; what many share relates none', async () => {
      const made = (name: string, type: string, keys: [string, string][]): Flow => ({
        ...someFlows(1, clock.now())[0]!,
        ...{ id: `sharing-${name}`, flowId: name, key: name, type, keys, environment: 'sharing' },
        ...{ parentId: null, relations: [], run: 1 },
      });
      const order = made('order-7', 'order', [
        ['customer', 'c-1'],
        ['country', 'SE'],
        ['amount', '153.86'],
      ]);
      const back = made('return-1', 'return', [
        ['country', 'SE'],
        ['order', 'order-7'],
      ]);
      const other = made('order-8', 'order', [
        ['customer', 'c-1'],
        ['amount', '153.86'],
      ]);
      // The same value of another key is another thing.
      const stranger = made('stock-1', 'stock', [['shelf', 'c-1']]);
      const again: Flow = { ...order, id: `${order.id}.2`, run: 2, keys: [] };
      const elsewhere = { ...back, id: 'sharing-elsewhere', environment: 'sharing-2' };
      const crowd = Array.from({ length: 30 }, (_, i) =>
        made(`crowd-${i}`, 'order', [['country', 'SE']]),
      );
      // A number is no name if its key says so.
      const measures: [string, string][] = [
        ['amountCents', '15386'],
        ['paid', '15386'],
        ['year', '2026'],
      ];
      const dear = made('dear', 'order', [...measures, ['invoice_NO', '4711']]);
      const costly = made('costly', 'order', measures);
      const bill = made('bill', 'bill', [...measures, ['invoice_NO', '4711']]);
      // An explicit id that is a number is no amount of another flow.
      const counted = made('15386', 'parcel', []);
      const carried = made('carried', 'tour', [['parcelId', '15386']]);
      // What flows were called in earlier versions, or until they were deleted, does not count.
      const basket: [string, string][] = [['basket', 'b-1']];
      const kept = [made('kept-1', 'order', basket), made('kept-2', 'order', basket)];
      const former = Array.from({ length: 30 }, (_, i) => made(`former-${i}`, 'order', basket));
      const all = [order, back, other, stranger, again, elsewhere, ...crowd];
      all.push(dear, costly, bill, counted, carried, ...kept, ...former);
      await store.insertFlows(
        all.map((flow) => ({ kind: 'flow' as const, id: flow.id, version: 2, flow })),
        3,
        () => 0,
      );
      const version = clock.now() * 1000;
      await store.insertFlows(
        former.map(({ id, ...flow }, i) =>
          i < 15
            ? { kind: 'flow', id, version, flow: { ...flow, id, keys: [] } }
            : { kind: 'tombstone', id, version, movedTo: order.id },
        ),
        3,
        () => 0,
      );
      const sharedBy = async ({ id: of }: Flow): Promise<unknown[]> =>
        (await store.sharingOf((await store.getFlow(of))!.flow))
          .map(({ kind, target, shared }) => (expect(kind).toBe('shares-key'), [target, shared]))
          .sort();
      expect(await sharedBy(order)).toEqual([
        ['order-8', 'customer=c-1'],
        ['return-1', 'order=order-7'],
      ]);
      expect(await sharedBy(back)).toEqual([
        ['order-7', 'order=order-7'],
        ['order-7', 'order=order-7'],
      ]);
      expect(await sharedBy(other)).toEqual([['order-7', 'customer=c-1']]);
      expect(await sharedBy(stranger)).toEqual([]);
      expect(await sharedBy(crowd[0]!)).toEqual([]);
      expect(await sharedBy(elsewhere)).toEqual([]);
      expect(await sharedBy(dear)).toEqual([['bill', 'invoice_NO=4711']]);
      expect(await sharedBy(costly)).toEqual([]);
      expect(await sharedBy(counted)).toEqual([['carried', 'parcelId=15386']]);
      expect(await sharedBy(carried)).toEqual([['15386', 'parcelId=15386']]);
      expect(await sharedBy(kept[0]!)).toEqual([['kept-2', 'basket=b-1']]);
    });

    test('a flow row gives back the whole flow', async () => {
      const [change] = flowsOf([
        record(otlp({ traceId: trace('5'), spanId: id('5'), attributes: ['customer.id', 'c-9'] })),
      ]);
      await store.insertFlows([change!], 3, settlesAt);
      const back = (await store.getFlow(trace('5')))!;
      const { tokens: _t, ...sent } = flowIn(change)!;
      expect(back.flow).toMatchObject({ ...sent, tokens: [] });
      expect(await store.findFlow('c-9')).toEqual([trace('5')]);
      expect(await store.findFlow(id('5'))).toEqual([trace('5')]);
    });

    test('a flow that was quiet for long enough is seen as ended, with a newer version, without being written', async () => {
      const span = otlp({
        traceId: trace('c'),
        spanId: id('c'),
        attributes: ['fermata.flow.id', 'quiet', 'fermata.flow.type', 'quiet'],
      });
      const [change] = flowsOf([record(span)]);
      await store.insertFlows([change!], 3, settlesAt);
      const list = async (statuses: Flow['status'][]): Promise<string[]> =>
        (await store.listFlows({ types: ['quiet'], statuses, limit: 10 })).items.map(
          ({ flow }) => flow.status,
        );
      const open = async (): Promise<string[]> => {
        const ids: string[] = [];
        for await (const block of store.openFlows()) ids.push(...block.map((row) => row.id));
        return ids;
      };
      expect(await list(['active'])).toEqual(['active']);
      expect(await open()).toContain(change!.id);
      clock.advance(100);
      expect(await list(['active'])).toEqual([]);
      expect(await list(['completed'])).toEqual(['completed']);
      expect(await open()).not.toContain(change!.id);
      const [ended] = await store.flowsByIds([change!.id]);
      expect(ended).toMatchObject({ version: change!.version + 1, flow: { phase: 'ended' } });
      expect((await store.getFlow(change!.id))!.flow.ended).toBe(flowIn(change)!.lastProgress);
    });

    test('lists are filtered, newest first, and paged without gaps or repeats', async () => {
      const records = Array.from({ length: 25 }, (_, i) =>
        record(
          otlp({
            traceId: `6${String(i).padStart(31, '0')}`,
            spanId: id('6'),
            start: unixNanos(1_794_000_001_000_000_000n + BigInt(Math.floor(i / 2))),
            end: unixNanos(1_794_000_001_500_000_000n),
            attributes: ['fermata.flow.type', 'paged', 'customer.id', `p-${i}`],
            statusCode: i % 5 === 0 ? 2 : 0,
          }),
        ),
      );
      await store.insertFlows(flowsOf(records), 3, settlesAt);
      const all = await store.listFlows({ types: ['paged'], limit: 100 });
      expect(await store.listFlows({ types: ['paged'], limit: 0 })).toEqual({
        ...{ items: [], total: all.total, next: null },
      });
      expect(all.total).toBe(25);
      const paged: string[] = [];
      let after: FlowPage['next'] = null;
      do {
        const page: FlowPage = await store.listFlows({
          types: ['paged'],
          limit: 7,
          ...(after && { after }),
        });
        paged.push(...page.items.map((row) => row.flow.id));
        after = page.next;
      } while (after !== null);
      expect(paged).toEqual(all.items.map((row) => row.flow.id));
      expect(
        (await store.listFlows({ types: ['paged'], statuses: ['failed'], limit: 100 })).total,
      ).toBe(5);
      expect((await store.listFlows({ key: 'customer.id=p-3', limit: 10 })).total).toBe(1);
      expect((await store.listFlows({ key: 'p-3', limit: 10 })).total).toBe(1);
      expect(
        (
          await store.listFlows({
            types: ['paged'],
            query: parseQuery('p-3 SHOP', clock.now())!,
            limit: 10,
          })
        ).total,
      ).toBe(1);
      expect(
        (await store.listFlows({ types: ['paged'], services: ['nobody'], limit: 10 })).total,
      ).toBe(0);
      for (const evil of ["' OR 1=1 --", '\\', '{x:String}', '"; DROP TABLE spans; --', '\u0000'])
        expect(
          (await store.listFlows({ key: evil, query: { kind: 'text', text: evil }, limit: 10 }))
            .total,
          evil,
        ).toBe(0);
    });

    test('what is not yet in flow rows is replayed, oldest batch first', async () => {
      await store.insertSpans([
        store.prepareSpans(10, [record(otlp({ traceId: trace('7'), spanId: id('7') }))]),
      ]);
      await store.insertSpans([
        store.prepareSpans(11, [record(otlp({ traceId: trace('8'), spanId: id('8') }))]),
      ]);
      expect(await store.watermarks()).toMatchObject({ lastBatch: 11, derivedBatch: 3 });
      const replayed: string[] = [];
      for await (const block of store.replay(9))
        replayed.push(...block.map((stored) => stored.traceId));
      expect(replayed).toEqual([trace('7'), trace('8')]);
    });

    test('a flow is found by any of its names, with its spans', async () => {
      expect(await store.loadByNames([`s\0${trace('3')}${id('f')}`])).toEqual([]);
      const [byTrace] = await store.loadByNames([`s\0${trace('3')}${id('3')}`]);
      expect(byTrace).toMatchObject({ id: trace('3') });
      expect(byTrace!.members.map((stored) => stored.spanId)).toContain(id('3'));
      expect(await store.loadByNames(['s\0nothing', "i\0'\0\\"])).toEqual([]);
    });

    test('any number of names, and ids, can be asked for at once', async () => {
      const many = Array.from({ length: 9000 }, (_, i) => `s\0${trace(`a${i}`)}${id('1')}`);
      const long = Array.from({ length: 20 }, (_, i) => `m\0${`'\\é`.repeat(5000)}${i}`);
      const found = await store.loadByNames([
        ...long,
        ...many,
        `s\0${trace('3')}${id('3')}`,
        ...long,
      ]);
      expect(found.map((flow) => flow.id)).toEqual([trace('3')]);
      const ids = [...many.map((_, i) => trace(`b${i}`)), trace('3')];
      expect((await store.loadByIds(ids)).map((flow) => flow.id)).toEqual([trace('3')]);
      expect((await store.flowsByIds(ids)).map(({ flow }) => flow.id)).toEqual([trace('3')]);
    });

    test('of a name that many flows have, as many are given as were asked for, and it is said', async () => {
      const having = (flowId: string, tokens: string[]): FlowChange => ({
        kind: 'flow',
        id: flowId,
        version: 2,
        flow: {
          ...someFlows(1, clock.now())[0]!,
          id: flowId,
          members: [trace('9') + id('9')],
          tokens,
        },
      });
      const many = Array.from({ length: 20 }, (_, i) => `of-many-${i}`);
      await store.insertFlows(
        [
          ...many.map((flowId) => having(flowId, ['m\0of-many', `i\0${flowId}`])),
          having('of-two-1', ['m\0of-two']),
          having('of-two-2', ['m\0of-two', 'w\0m\0worthless']),
        ],
        3,
        () => 0,
      );
      // Insert a second version of each flow, which must not count as another flow.
      await store.insertFlows(
        many.map((flowId) => having(flowId, ['m\0of-many', `i\0${flowId}`])),
        3,
        () => 0,
      );
      const loaded = async (names: string[], most: number): Promise<[string[], string[]]> => {
        const cut: string[] = [];
        const found = await store.loadByNames(names, {
          most,
          onCut: (name) => void cut.push(name),
        });
        return [found.map((flow) => flow.id.replace(/\d+$/, '')).sort(), cut];
      };
      expect(await loaded(['m\0of-many', 'm\0of-two'], 5)).toEqual([
        [...Array.from({ length: 5 }, () => 'of-many-'), 'of-two-', 'of-two-'],
        ['m\0of-many'],
      ]);
      expect((await loaded(['m\0of-many', 'm\0of-two', 'i\0of-many-7'], 21))[0]).toHaveLength(22);
      const told: string[] = [];
      const { hashes } = await store.names(1e9, (tokens) => void told.push(...tokens));
      for await (const _ of hashes);
      expect(told).toEqual(['m\0worthless']);
    });

    test('names are given as hashes: of open flows always, of others those received last', async () => {
      // Use a time far in the future, so that the rows of other tests are older.
      const at = clock.now() + 1000 * 3_600_000;
      const flow = (name: string, minute: number, over: Partial<Flow> = {}): FlowChange => ({
        kind: 'flow',
        id: name,
        version: 2,
        flow: {
          ...someFlows(1, clock.now())[0]!,
          id: name,
          members: [trace('9') + id('9')],
          phase: 'ended',
          idleOutcome: null,
          lookAtMs: null,
          lastReceivedMs: at + minute * 60_000,
          tokens: [`i\0${name}`, ORIGIN + name],
          ...over,
        },
      });
      const changes = [
        flow('été-\u{1f4e6}', 1),
        flow('short-names', 2, { tokens: ['i\0short-names', '', 'a', 'ab', 'abc', 'abcd'] }),
        flow('waits-for-days', -50_000, { phase: 'open' }),
        flow('owes', -50_000, { lookAtMs: at }),
        flow('newest', 3),
      ];
      await store.insertFlows(changes, 3, () => 0);
      const remembered = async (
        most: number,
      ): Promise<{ all: boolean; has: (name: string) => boolean }> => {
        const { all, hashes } = await store.names(most);
        const found = new Set<string>();
        for await (const block of hashes)
          for (let i = 0; i < block.length; i += HASH_BYTES)
            found.add(block.subarray(i, i + HASH_BYTES).toString('hex'));
        return { all, has: (name) => found.has(hashesOf([name]).toString('hex')) };
      };
      const every = await remembered(1e9);
      expect(every.all).toBe(true);
      for (const one of changes)
        for (const name of [...flowIn(one)!.tokens, TRACE + trace('9')])
          expect(every.has(name), name).toBe(!name.startsWith(ORIGIN));
      expect(every.has('i\0nobody')).toBe(false);

      const few = await remembered(4);
      expect(few.all).toBe(false);
      expect(
        changes.map(({ id: name }) => [name, few.has(`i\0${name}`)]),
        'three names are of the newest, the next flow has too many',
      ).toEqual([
        ['été-\u{1f4e6}', false],
        ['short-names', false],
        ['waits-for-days', true],
        ['owes', true],
        ['newest', true],
      ]);
    });

    test('an order is looked for in a flow of very many steps', async () => {
      const [flow] = someFlows(1, clock.now());
      const [step] = flow!.steps;
      const at = (ms: number) => nanosFromMs(clock.now() - 60_000 + ms);
      const steps = Array.from({ length: 40_000 }, (_, i) => ({
        ...{ ...step!, id: `s${i}`, name: i % 2 === 0 ? 'even' : 'odd', start: at(i), end: at(i) },
      }));
      const large: Flow = { ...flow!, id: 'of-many-steps', steps, hops: [], findings: [] };
      await store.insertFlows(
        [{ kind: 'flow', id: large.id, version: 2, flow: large }],
        3,
        () => 0,
      );
      const total = async (text: string): Promise<number> => {
        const query = parseQuery(`id:of-many-steps (${text})`, clock.now())!;
        const found = await store.listFlows({ query, limit: 1 });
        expect(found.total, text).toBe(Number(matchesQuery(query, large, clock.now())));
        return found.total;
      };
      expect([await total('odd > even'), await total('even !> odd')]).toEqual([1, 0]);
      expect([await total('odd !> even'), await total('even !> odd within 1s')]).toEqual([1, 0]);
      expect([await total('odd > "even" within 1s'), await total('odd > none')]).toEqual([1, 0]);
    });

    test('every query gives the same from the store as from memory', async () => {
      const flows = someFlows(400, clock.now());
      const changes = flows.map((flow) => ({
        kind: 'flow' as const,
        id: flow.id,
        version: 2,
        flow,
      }));
      await store.insertFlows(changes, 3, () => 0);
      const ours = new Set(flows.map((flow) => flow.id));
      const byName = [
        'key:customer.id=p-3',
        'key:CUSTOMER.id=p-*',
        'key:customer.i=p-3',
        'key:customer*',
      ];
      for (const text of [...TWENTY_QUERIES, ...byName]) {
        expect(text.length).toBeLessThanOrEqual(120);
        const query = parseQuery(text, clock.now())!;
        const found = await store.listFlows({ query, limit: 1000 });
        expect(
          found.items
            .map(({ flow }) => flow.id)
            .filter((one) => ours.has(one))
            .sort(),
          text,
        ).toEqual(
          flows
            .filter((flow) => matchesQuery(query, flow, clock.now()))
            .map((flow) => flow.id)
            .sort(),
        );
      }
      expect(await store.stepNames()).toContain('ShipOrder');
    });

    test('flows are compared with what is usual of their type, as it is shown', async () => {
      const flows = someFlows(200, clock.now()).map((flow, i) => ({
        ...flow,
        ...{ id: `usual-${flow.id}`, environment: i % 3 === 0 ? 'usual' : 'usual-2' },
      }));
      await store.insertFlows(
        flows.map((flow) => ({ kind: 'flow' as const, id: flow.id, version: 2, flow })),
        3,
        () => 0,
      );
      const environments = ['usual', 'usual-2'];
      const { items: types } = await store.flowTypes();
      for (const [quantile, of] of [
        ['p50', 'p50DurationMs'],
        ['p95', 'p95DurationMs'],
      ] as const)
        for (const op of ['>', '>=', '<', '<=', '='] as const) {
          const query = parseQuery(`duration${op}${quantile}`, clock.now())!;
          const expected = flows.filter((flow) => {
            const type = types.find(
              (one) => one.type === flow.type && one.environment === flow.environment,
            )!;
            const value = type[of];
            const duration = { kind: 'number', field: 'duration', op, value } as const;
            return matchesQuery(duration, flow, clock.now());
          });
          const found = await store.listFlows({ query, environments, limit: 1000 });
          expect(found.items.map(({ flow }) => flow.id).sort(), `${op} ${quantile}`).toEqual(
            expected.map((flow) => flow.id).sort(),
          );
          const rest = await store.listFlows({
            ...{ query: { kind: 'not', of: query }, environments, limit: 1000 },
          });
          expect(found.total + rest.total).toBe(flows.length);
          // A lens over the same query must count the same flows.
          const population = await store.population({ query, environments, limit: 1 });
          expect(population.total).toBe(expected.length);
          // Make sure that the comparison is not trivial: few flows are above the 95th percentile,
          // but there are some.
          if (op === '>') expect(expected.length).toBeGreaterThan(quantile === 'p95' ? 3 : 60);
        }
    });

    test('what is usual comes from before the time that is asked for', async () => {
      const hourAgo = clock.now() - 3_600_000;
      const took = (i: number, durationMs: number, startedMs: number) => ({
        ...someFlows(1, clock.now())[0]!,
        ...{ id: `before-${i}`, type: 'before', environment: 'before', phase: 'ended' as const },
        ...{ durationMs, started: nanosFromMs(startedMs) },
      });
      // Twenty flows of a second, and then twice as many that take a minute.
      const flows = Array.from({ length: 60 }, (_, i) =>
        i < 20 ? took(i, 1000, hourAgo - 1000 - i) : took(i, 60_000, hourAgo + i),
      );
      await store.insertFlows(
        flows.map((flow) => ({ kind: 'flow' as const, id: flow.id, version: 2, flow })),
        3,
        () => 0,
      );
      const countOf = async (text: string, from?: number): Promise<number> => {
        const query = parseQuery(text, clock.now())!;
        const search = { query, environments: ['before'], limit: 1000 };
        const { total } = await store.listFlows({
          ...search,
          ...(from !== undefined && { from: nanosFromMs(from) }),
        });
        const since = from === undefined ? '' : `since:"${new Date(from).toISOString()}" `;
        const written = await store.population({
          ...search,
          query: parseQuery(`${since}${text}`, clock.now())!,
        });
        expect(written.total, `${text} ${from}`).toBe(total);
        return total;
      };
      expect(await countOf('duration>p95', hourAgo)).toBe(40);
      expect(await countOf('duration>p50', hourAgo)).toBe(40);
      // Without a time all flows are what is usual, as they always were.
      expect(await countOf('duration>p95')).toBe(0);
      expect(await countOf('duration<p50')).toBe(20);
      // Nothing is older, so that nothing is known, and nothing is longer or shorter than that.
      expect(await countOf('duration>p95', hourAgo - 5000)).toBe(0);
      expect(await countOf('duration<=p95', hourAgo - 5000)).toBe(0);
      const usualAt = async (at: number) =>
        (await store.flowTypes(nanosFromMs(at))).items.find(({ type }) => type === 'before')!;
      expect(await usualAt(hourAgo)).toMatchObject({ usualP50Ms: 1000, usualP95Ms: 1000 });
      expect(await usualAt(hourAgo)).toMatchObject({ p50DurationMs: 60_000, flows: 60 });
      expect(await usualAt(hourAgo - 5000)).toMatchObject({ usualP50Ms: null, usualP95Ms: null });
    });

    test('every order gives every flow once, in that order, however small the pages', async () => {
      const flows = someFlows(60, clock.now()).map((flow, i) => ({
        ...flow,
        ...{ id: `sorted-${flow.id}`, environment: 'sorted' },
        // Give some flows the same start and duration, so that only their ids determine their
        // order.
        ...(i % 9 === 0 && { started: nanosFromMs(clock.now() - 5000), durationMs: 700 }),
      }));
      await store.insertFlows(
        flows.map((flow) => ({ kind: 'flow' as const, id: flow.id, version: 2, flow })),
        3,
        () => 0,
      );
      let nowMs = 0;
      const durationMs = ({ phase, durationMs: ms, started }: Flow): number =>
        phase === 'ended' ? ms : nowMs - msOf(started);
      const values: Record<FlowOrder['by'], (flow: Flow, none: number) => number> = {
        started: ({ started }) => msOf(started),
        duration: durationMs,
        activity: ({ lastProgress }) => msOf(lastProgress),
        waiting: ({ waitingFor }, none) =>
          waitingFor.length === 0 ? none : nowMs - Math.min(...waitingFor.map((one) => one.since)),
      };
      for (const by of FLOW_SORTS)
        for (const ascends of [true, false]) {
          nowMs = clock.now();
          const sign = ascends ? 1 : -1;
          const value = (flow: Flow): number => values[by](flow, sign * Infinity);
          const compare = <T>(a: T, b: T): number => (a < b ? -sign : a > b ? sign : 0);
          const expected = [...flows].sort(
            (a, b) =>
              compare(value(a), value(b)) || compare(a.started, b.started) || compare(a.id, b.id),
          );
          const found: Flow[] = [];
          for (let after: FlowPage['next'] | undefined; after !== null;) {
            const search = { environments: ['sorted'], order: { by, ascends }, limit: 7 };
            const page: FlowPage = await store.listFlows({ ...search, ...(after && { after }) });
            found.push(...page.items.map(({ flow }) => flow));
            after = page.next;
            // Advance the clock between pages. The durations of open flows grow, but all pages must
            // use the time of the first page.
            clock.advance(1000);
          }
          const order = `${by}, ${ascends ? 'ascending' : 'descending'}`;
          expect(
            found.map(({ id: one }) => one),
            order,
          ).toEqual(expected.map(({ id: one }) => one));
        }
    });

    test('documents: the newest word of each, until it is deleted', async () => {
      await store.saveDocument('view', 'stuck', 1, '{"q":"a"}');
      await store.saveDocument('view', 'stuck', 2, '{"q":"b"}');
      await store.saveDocument('view', 'gone', 1, '{}');
      await store.saveDocument('view', 'gone', 2, '');
      await store.saveDocument('definition', 'stuck', 1, '{}');
      expect(await store.documents('view')).toEqual([{ id: 'stuck', body: '{"q":"b"}' }]);
    });

    test('a flow is found by a trace of its members, and by the name that it had before', async () => {
      const [some] = someFlows(1, clock.now());
      const traces = ['c1', 'c2', 'c3'].map((end) => end.padStart(32, 'd'));
      const [first = '', second = '', gone = ''] = traces;
      const change = (flowId: string, version: number, members: string[]): FlowChange => ({
        kind: 'flow',
        id: flowId,
        version: clock.now() * 1000 + version,
        flow: { ...some!, id: flowId, members: members.map((one) => one + id('1')) },
      });
      await store.insertFlows(
        [change(first, 2, [first, second]), change(gone, 2, [gone])],
        3,
        () => 0,
      );
      await store.insertFlows(
        [tombstoneOf(change(gone, 3, []), first), change('other', 2, [gone, second])],
        3,
        () => 0,
      );
      // Write a new version of the flow `other`, which no longer contains the trace `second`.
      await store.insertFlows([change('other', 3, [gone])], 3, () => 0);
      const found = async (text: string): Promise<string[]> =>
        (await store.listFlows({ query: parseQuery(text, clock.now())!, limit: 9 })).items
          .map(({ flow }) => flow.id)
          .sort();
      for (const text of [first, second, second.toUpperCase()]) {
        expect(await found(`id:${text}`)).toEqual([first]);
        expect(await found(text)).toEqual([first]);
        expect(await found(`(${text} or status:stuck) and id:${text}`)).toEqual([first]);
      }
      expect(await found(`id:${gone}`)).toEqual([first, 'other']);
      expect(await found(gone)).toEqual([first, 'other']);
      expect(await found(`not id:${second} and id:${gone}`)).toEqual(['other']);
      expect(await found(`id:${'d'.repeat(32)}`)).toEqual([]);
      expect(await found(`id:*${second.slice(-4)}`), 'a pattern is of ids').toEqual([]);
    });

    test('types and services are summed up', async () => {
      expect((await store.flowTypes()).items.find((row) => row.type === 'paged')).toMatchObject({
        flows: 25,
        failed: 5,
      });
      const shops = (await store.services()).items.filter((row) => row.name === 'shop');
      expect(shops.map(({ environment }) => environment)).toContain('');
      expect(await store.ping()).toBe(true);
    });

    test('a list that is cut says so, and so does what is cut within it', async () => {
      const [change] = flowsOf([record(otlp({ traceId: trace('c'), spanId: id('c') }))]);
      const flow = flowIn(change)!;
      const step = flow.steps[0]!;
      const names = (count: number, of: string): string[] =>
        Array.from({ length: count }, (_, i) => `${of} ${String(i).padStart(4, '0')}`);
      const rowOf = (more: Partial<Flow>, at: number): FlowChange => ({
        kind: 'flow',
        version: change!.version,
        id: `cut ${at}`,
        flow: { ...flow, id: `cut ${at}`, ...more },
      });
      const served = (name: string): Partial<Flow> => ({
        services: [name],
        steps: [{ ...step, service: name }],
      });
      const ofManyTypes = names(1001, 'z type').map((type, i) =>
        rowOf({ type, ...served('z many') }, i),
      );
      const ofManyServices = names(51, 'z service').map((name, i) =>
        rowOf({ type: 'z wide', ...served(name) }, 2000 + i),
      );
      await store.insertFlows([...ofManyTypes, ...ofManyServices], 3, settlesAt);
      const types = await store.flowTypes();
      expect([types.items.length, types.incomplete]).toEqual([1000, true]);
      const wide = types.items.find(({ type }) => type === 'z wide')!;
      expect([wide.services.length, wide.incomplete]).toEqual([50, true]);
      expect(types.items.find(({ type }) => type === 'paged')).toMatchObject({ incomplete: false });
      const services = await store.services();
      expect(services.incomplete).toBe(false);
      const many = services.items.find(({ name }) => name === 'z many')!;
      expect([many.flowTypes.length, many.incomplete]).toEqual([50, true]);
    });

    testLogs({
      store: () => store,
      clock,
      insert: async (spans) => {
        const records = spans.map((span) => record(otlp(span)));
        const { lastBatch } = await store.watermarks();
        await store.insertSpans([store.prepareSpans(lastBatch + 1, records)]);
        await store.insertFlows(flowsOf(records), lastBatch + 1, settlesAt);
      },
    });
  });
}
