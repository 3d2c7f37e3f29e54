import { describe, expect, test } from 'vitest';
import type { Digest, DigestStep, SentMessage } from '../learned/digest.ts';
import { createTypeModel } from '../learned/model.ts';
import { createStructural as create } from './index.ts';

const createStructure = () => {
  const structure = create();
  const expected = (digest: Digest, floorMs = 1000) =>
    structure.expected(digest, createTypeModel(), [], floorMs);
  return { ...structure, expected };
};
const step = (over: Partial<DigestStep>): DigestStep => ({
  id: 's',
  key: 'shop place',
  as: 'shop place',
  name: 'place',
  service: 'shop',
  version: '',
  kind: 'event',
  startMs: 1000,
  behindMs: 0,
  receivedMs: 1000,
  endReceivedMs: 1000,
  lagMs: 0,
  endMs: 1010,
  running: false,
  failed: false,
  aliveMs: 1000,
  replied: false,
  via: '',
  group: '',
  from: '',
  did: [],
  waits: [],
  isHeldUp: false,
  ...over,
});
const message = (over: Partial<SentMessage>): SentMessage => ({
  stepId: 's',
  key: 'shop place orders',
  place: 'orders',
  system: 'kafka',
  destination: 'orders',
  sendSpanId: 'm',
  waitingHopId: null,
  sentMs: 1005,
  takers: [],
  waits: [],
  isCounted: false,
  ...over,
});
const flow = (steps: DigestStep[], messages: SentMessage[]): Digest => ({
  flowId: 'f',
  type: 'prod\0order',
  steps,
  aborted: false,
  sampled: false,
  declaredComplete: false,
  lastReceivedMs: 1000,
  ledger: null,
  messages,
});
const digest = (...steps: DigestStep[]): Digest => flow(steps, []);
const ship = step({ id: 't', as: 'ship', name: 'ship', service: 'warehouse', via: 'orders' });
const taken = (over: Partial<SentMessage> = {}): Digest =>
  flow(
    [step({}), ship],
    [
      message({
        takers: ['ship'],
        waits: [{ to: 'ship', stepId: 't', ms: 50, heardMs: 1100, isHeldUp: false }],
        ...over,
      }),
    ],
  );
const untaken = (over: Partial<SentMessage> = {}): Digest =>
  flow([step({})], [message({ sendSpanId: `m${over.sentMs}`, waitingHopId: 'h', ...over })]);
const owes = (structure: ReturnType<typeof createStructure>, one: Digest): boolean =>
  structure.expected(one).length > 0;

describe('what messaging owes without history of the flow type', () => {
  test('a message to a place where others were taken owes a consumption; elsewhere it owes nothing', () => {
    const structure = createStructure();
    expect(structure.expected(untaken())).toEqual([]);
    expect(structure.waitsForNobody(untaken())).toBe(true);
    structure.teach(taken(), 1);
    expect(structure.expected(untaken())).toMatchObject([
      {
        absence: 'undelivered-message',
        basis: 'structural',
        step: 'ship',
        service: 'warehouse',
        message: 'orders',
        hopId: 'h',
        since: 1000,
        stuckAt: 61_001,
      },
    ]);
    expect(structure.waitsForNobody(untaken())).toBe(false);
    expect(structure.expected(untaken({ place: 'audit' }))).toEqual([]);
    for (let i = 0; i < 20; i++) structure.teach(untaken(), 1);
    expect(structure.expected(untaken())).toEqual([]);
  });
  test('a destination of the same name in another messaging system is another place', () => {
    const structure = createStructure();
    structure.teach(taken({ system: 'gcp_pubsub' }), 1);
    expect(owes(structure, untaken({ system: 'gcp_pubsub' }))).toBe(true);
    expect(owes(structure, untaken({ system: 'kafka' }))).toBe(false);
    expect(structure.waitsForNobody(untaken({ system: 'kafka' }))).toBe(true);
    // Not every sender tells its system, so such a message may be of any.
    expect(owes(structure, untaken({ system: '' }))).toBe(true);
    const claimed = structure.unclaimedIn(untaken({ system: 'kafka' }));
    expect(claimed).toHaveLength(1);
    for (let i = 0; i < 10; i++) structure.teach(taken({ system: 'gcp_pubsub' }), 1);
    expect(structure.teach(taken({ system: 'gcp_pubsub' }), 1)).toEqual([]);
    expect(structure.teach(taken({ system: 'kafka' }), 1)).toHaveLength(1);
    expect(owes(structure, untaken({ system: 'kafka' }))).toBe(true);
  });
  test('a consumer of messages without a system takes those of any', () => {
    const structure = createStructure();
    structure.teach(taken({ system: '' }), 1);
    expect(owes(structure, untaken({ system: 'kafka' }))).toBe(true);
  });
  test('who takes from a place where little is known, or earlier than known, makes it known', () => {
    const structure = createStructure();
    const { place } = structure.unclaimedIn(untaken())[0]!;
    expect(structure.unclaimedIn(untaken({ sentMs: 700 }))).toEqual([{ place, atMs: 700 }]);
    const claimed = (atMs: number) => [{ place, atMs }];
    expect(structure.teach(untaken(), 1)).toEqual([]);
    expect(structure.teach(taken({ sentMs: 500 }), 1)).toEqual(claimed(500));
    expect(structure.teach(taken({ sentMs: 600 }), 1)).toEqual(claimed(500));
    for (let i = 0; i < 3; i++) structure.teach(taken({ sentMs: 600 }), 1);
    expect(structure.teach(taken({ sentMs: 600 }), 1)).toEqual([]);
    expect(structure.unclaimedIn(untaken({ sentMs: 700 }))).toEqual([]);
    expect(structure.unclaimedIn(untaken({ sentMs: 400 }))).toEqual(claimed(400));
    expect(structure.teach(taken({ sentMs: 500 }), -1)).toEqual([]);
    // Spans arrive in any order, so a flow may arrive that began before all known ones.
    expect(structure.teach(taken({ sentMs: 100 }), 1)).toEqual(claimed(100));
  });
  test.each([
    // Each row: number of taken messages; number of messages that were not taken although later
    // ones were; whether the next message is expected to be taken.
    [1, 0, true],
    [30, 1, true],
    [30, 10, false],
    [100, 3, true],
    [100, 100, false],
    [200, 100, true],
  ])(
    'of %i taken and %i that others overtook, the next is owed: %s',
    (met, overtaken, expected) => {
      const structure = createStructure();
      for (let i = 0; i < met; i++) structure.teach(taken(), 1);
      for (let i = 0; i <= overtaken; i++) {
        structure.observe(taken({ sentMs: 10_000 * (i + 1) - 3000 }));
        structure.countUntaken(untaken({ sentMs: 10_000 * i }));
      }
      expect(owes(structure, untaken())).toBe(expected);
    },
  );
  test('what was sent while little was known counts, however much is known when that shows', () => {
    const structure = createStructure();
    for (let i = 0; i < 400; i++) structure.teach(taken({ sentMs: 1000 * i }), 1);
    for (let i = 0; i < 400; i++) structure.observe(taken({ sentMs: 1000 * i }));
    for (let i = 0; i < 190; i++) structure.countUntaken(untaken({ sentMs: 1000 * i }));
    expect(owes(structure, untaken({ sentMs: 500_000 }))).toBe(false);
    const known = createStructure();
    for (let i = 0; i < 400; i++) known.teach(taken({ sentMs: 1000 * i }), 1);
    for (let i = 0; i < 400; i++) known.observe(taken({ sentMs: 1000 * i }));
    for (let i = 201; i < 391; i++) known.countUntaken(untaken({ sentMs: 1000 * i }));
    expect(owes(known, untaken({ sentMs: 500_000 }))).toBe(true);
  });
  test('those that were sent in one silence count once', () => {
    const structure = createStructure();
    for (let i = 0; i < 30; i++) structure.teach(taken(), 1);
    structure.observe(taken({ sentMs: 1005 }));
    structure.observe(taken({ sentMs: 900_000 }));
    for (let i = 0; i < 50; i++) structure.countUntaken(untaken({ sentMs: 10_000 + 1000 * i }));
    expect(owes(structure, untaken({ sentMs: 950_000 }))).toBe(true);
  });
  test('whom nobody overtook waits in an outage, and proves nothing', () => {
    const structure = createStructure();
    for (let i = 0; i < 30; i++) structure.teach(taken(), 1);
    structure.observe(taken({ sentMs: 1000 }));
    for (let i = 0; i < 500; i++) structure.countUntaken(untaken({ sentMs: 1005 + i }));
    expect(owes(structure, untaken({ sentMs: 3000 }))).toBe(true);
  });
  test('what was counted is taken back once, with what the flow taught or without', () => {
    const structure = createStructure();
    structure.teach(taken(), 1);
    const late = [1, 2, 3, 4, 5].map((i) => untaken({ sentMs: 10_000 * i }));
    for (const [i, one] of late.entries()) {
      structure.observe(taken({ sentMs: 10_000 * (i + 1) - 3000 }));
      structure.observe(taken({ sentMs: 10_000 * (i + 1) + 3000 }));
      structure.countUntaken(one);
    }
    expect(owes(structure, untaken())).toBe(false);
    for (const one of late) {
      structure.retractUntaken(one);
      structure.retractUntaken(one);
      structure.teach(one, -1);
    }
    expect(owes(structure, untaken())).toBe(true);
  });
  test('one kind of message rests untaken, and another one at the same place never does', () => {
    const structure = createStructure();
    for (let i = 0; i < 30; i++) structure.teach(taken(), 1);
    for (let i = 0; i < 30; i++) structure.teach(untaken({ key: 'shop remind orders' }), 1);
    expect(owes(structure, untaken())).toBe(true);
    expect(owes(structure, untaken({ key: 'shop remind orders' }))).toBe(false);
  });
  test('a batch that does not name all that it took may have taken what was sent before it', () => {
    const structure = createStructure();
    for (let i = 0; i < 30; i++) structure.teach(taken(), 1);
    structure.observeCut('prod', 'orders', 1100);
    expect([owes(structure, untaken()), structure.mayBeTaken(untaken())]).toEqual([false, true]);
    const later = untaken({ sentMs: 1200 });
    expect([owes(structure, later), structure.mayBeTaken(later)]).toEqual([true, false]);
  });
  test('a command owes a reply where replies are normal', () => {
    const structure = createStructure();
    const replied = step({ kind: 'command', replied: true });
    const silent = step({ kind: 'command' });
    for (let i = 0; i < 25; i++) structure.teach(digest(replied), 1);
    expect(structure.expected(digest(silent))).toMatchObject([{ absence: 'missing-reply' }]);
    expect(structure.expected(digest(replied))).toEqual([]);
    expect(structure.expected(digest(step({ kind: 'command', failed: true })))).toEqual([]);
  });
  test('a started step owes an end, or a sign of life', () => {
    const structure = createStructure();
    const running = { running: true, endMs: null };
    expect(structure.expected(digest(step(running)))).toMatchObject([
      { absence: 'lost-step', stuckAt: 601_000 },
    ]);
    expect(structure.expected(digest(step({ ...running, aliveMs: 500_000 })))).toMatchObject([
      { stuckAt: 1_100_000 },
    ]);
  });
  test('a step that told thousands says so a bounded number of times', () => {
    const structure = createStructure();
    for (let i = 0; i < 25; i++) structure.teach(taken(), 1);
    const messages = Array.from({ length: 5000 }, (_, i) =>
      message({ waitingHopId: `h${i}`, sendSpanId: `m${i}`, sentMs: i }),
    );
    expect(structure.expected(flow([step({})], messages))).toHaveLength(50);
  });
  test('what it learned comes back', () => {
    const before = createStructure();
    for (let i = 0; i < 25; i++) before.teach(taken(), 1);
    const after = createStructure();
    for (const { environment, json } of before.takeChanged()) after.load(environment, json);
    expect(after.expected(untaken())).toEqual(before.expected(untaken()));
  });
});
