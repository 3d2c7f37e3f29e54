import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Flow } from '../model/flow.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../testing/embedded-store.ts';
import { someFlows } from '../testing/some-flows.ts';

/** Tests which values of keys relate two flows of a store. */
const START = 1_800_000_000_000;

/** Type, explicit id, and keys of a flow. */
type Made = [type: string, flowId: string, keys: Record<string, string>];
const order = (keys: Record<string, string>): Made => ['order', '', keys];
const named: Made = ['order-fulfilment', '100427', {}];
const back = (keys: Record<string, string>): Made => ['return', '', keys];

const CASES: [one: Made, other: Made, shared: string | null][] = [
  // A number is the name of something, unless its key measures something.
  [order({ customer: '55120' }), order({ customer: '55120' }), 'customer=55120'],
  [order({ customerId: '55120' }), order({ customerId: '55120' }), 'customerId=55120'],
  [order({ account: '55120' }), order({ account: '55120' }), 'account=55120'],
  [order({ countryNo: '55120' }), order({ countryNo: '55120' }), 'countryNo=55120'],
  [order({ amountId: '55120' }), order({ amountId: '55120' }), 'amountId=55120'],
  [order({ batchNumber: '20260131' }), order({ batchNumber: '20260131' }), 'batchNumber=20260131'],
  [order({ 客户: '55120' }), order({ 客户: '55120' }), '客户=55120'],
  [order({ customer: '512' }), order({ customer: '512' }), null],
  [order({ bid: '15386' }), order({ bid: '15386' }), null],
  [order({ valid: '20260131' }), order({ valid: '20260131' }), null],
  [order({ paid: '15386' }), order({ paid: '15386' }), null],
  [order({ amountCents: '15386' }), order({ amountCents: '15386' }), null],
  [order({ TOTAL_NET: '15386' }), order({ TOTAL_NET: '15386' }), null],
  [order({ 'order.date': '2026' }), order({ 'order.date': '2026' }), null],
  // Other values are names of things whatever their key is called.
  [order({ bid: 'b-15386' }), order({ bid: 'b-15386' }), 'bid=b-15386'],
  // An explicit number is the value of keys of ids, or of those that are called like the flow.
  [named, back({ order: '100427' }), 'order=100427'],
  [named, back({ orderid: '100427' }), 'orderid=100427'],
  [named, back({ ORDER_NO: '100427' }), 'ORDER_NO=100427'],
  [named, back({ orderFulfilment: '100427' }), 'orderFulfilment=100427'],
  [named, back({ referenceId: '100427' }), 'referenceId=100427'],
  [named, ['parcel', '100427', {}], '100427'],
  [named, back({ customer: '100427' }), null],
  [named, back({ orderTotal: '100427' }), null],
  [named, back({ paid: '100427' }), null],
  [['settlement', '20260131', {}], ['report', '20260131', {}], '20260131'],
  [['settlement', '20260131', {}], back({ valid: '20260131' }), null],
  [['bid', '15386', {}], order({ bid: '15386' }), null],
  [['order', 'o-7', {}], back({ anything: 'o-7' }), 'anything=o-7'],
];

/** Returns the two flows, in an environment of their own. */
const flowsOf = (...made: [Made, Made]): Flow[] =>
  made.map(([type, flowId, keys], i) => ({
    ...someFlows(1, START)[0]!,
    ...{ id: `${JSON.stringify(made)} ${i}`, environment: JSON.stringify(made) },
    ...{ flowId, type, keys: Object.entries(keys), parentId: null, relations: [], run: 1 },
  }));

let opened: EmbeddedStore;
beforeAll(async () => {
  opened = await openEmbeddedStore(START);
  await opened.insert(CASES.flatMap(([one, other]) => flowsOf(one, other)));
}, 60_000);
afterAll(() => opened.close());

test.each(CASES)('%j and %j share %s, seen from both', async (one, other, shared) => {
  const [first, second] = flowsOf(one, other) as [Flow, Flow];
  const sharedBy = async (flow: Flow): Promise<unknown[]> =>
    (await opened.store.sharingOf(flow)).map(({ flowId, shared: by }) => [flowId, by]);
  expect(await sharedBy(first)).toEqual(shared === null ? [] : [[second.id, shared]]);
  expect(await sharedBy(second)).toEqual(shared === null ? [] : [[first.id, shared]]);
});
