import { describe, expect, test } from 'vitest';
import type { Digest, DigestStep } from './digest.ts';
import { createStructure } from './structure.ts';

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
  endMs: 1010,
  running: false,
  failed: false,
  aliveMs: 1000,
  replied: false,
  via: '',
  follow: [],
  waits: [],
  waiting: [],
  ...over,
});
const digest = (...steps: DigestStep[]): Digest => ({
  flowId: 'f',
  type: 'prod\0order',
  steps,
  aborted: false,
  sampled: false,
  declaredComplete: false,
  lastReceivedMs: 1000,
  ledger: null,
  parts: [],
});
const ship = step({ id: 't', as: 'ship', name: 'ship', service: 'warehouse', via: 'orders' });
const consumed = digest(step({ waits: [{ to: 'ship', ms: 50 }], follow: ['ship'] }), ship);
const unconsumed = digest(step({ waiting: [{ hopId: 'h', destination: 'orders', sentMs: 1005 }] }));

describe('what messaging owes without history of the flow type', () => {
  test('a message to a destination that is consumed owes a consumption; to another one nothing', () => {
    const structure = createStructure();
    for (let i = 0; i < 19; i++) structure.teach(consumed, 1);
    expect(structure.owedBy(unconsumed, [], 1000)).toEqual([]);
    structure.teach(consumed, 1);
    expect(structure.owedBy(unconsumed, [], 1000)).toMatchObject([
      {
        absence: 'undelivered-message',
        basis: 'structural',
        step: 'ship',
        service: 'warehouse',
        message: 'orders',
        hopId: 'h',
        since: 1000,
        stuckAt: 61_000,
      },
    ]);
    const elsewhere = digest(step({ waiting: [{ hopId: 'h', destination: 'audit', sentMs: 1005 }] }));
    expect(structure.owedBy(elsewhere, [], 1000)).toEqual([]);
    for (let i = 0; i < 20; i++) structure.teach(unconsumed, 1);
    expect(structure.owedBy(unconsumed, [], 1000)).toEqual([]);
  });
  test('a command owes a reply where replies are normal', () => {
    const structure = createStructure();
    const replied = step({ kind: 'command', replied: true });
    const silent = step({ kind: 'command' });
    for (let i = 0; i < 25; i++) structure.teach(digest(replied), 1);
    expect(structure.owedBy(digest(silent), [], 1000)).toMatchObject([{ absence: 'missing-reply' }]);
    expect(structure.owedBy(digest(replied), [], 1000)).toEqual([]);
    expect(structure.owedBy(digest(step({ kind: 'command', failed: true })), [], 1000)).toEqual([]);
  });
  test('a started step owes an end, or a sign of life', () => {
    const structure = createStructure();
    const running = { running: true, endMs: null };
    expect(structure.owedBy(digest(step(running)), [], 1000)).toMatchObject([
      { absence: 'lost-step', stuckAt: 601_000 },
    ]);
    expect(structure.owedBy(digest(step({ ...running, aliveMs: 500_000 })), [], 1000)).toMatchObject([
      { stuckAt: 1_100_000 },
    ]);
  });
  test('a step that told thousands says so a bounded number of times', () => {
    const structure = createStructure();
    for (let i = 0; i < 25; i++) structure.teach(consumed, 1);
    const waiting = Array.from({ length: 5000 }, (_, i) => ({
      hopId: `h${i}`,
      destination: 'orders',
      sentMs: i,
    }));
    expect(structure.owedBy(digest(step({ waiting })), [], 1000)).toHaveLength(50);
  });
  test('what it learned comes back', () => {
    const before = createStructure();
    for (let i = 0; i < 25; i++) before.teach(consumed, 1);
    const after = createStructure();
    for (const { environment, json } of before.takeChanged()) after.load(environment, json);
    expect(after.owedBy(unconsumed, [], 1000)).toEqual(before.owedBy(unconsumed, [], 1000));
  });
});
