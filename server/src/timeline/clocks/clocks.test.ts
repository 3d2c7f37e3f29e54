import { describe, expect, test } from 'vitest';
import type { Service, Span } from '../../model/span.ts';
import { aSpan } from '../../testing/builders.ts';
import { createClocks, type Clocks, type WrongClock } from './index.ts';

const BASE_MS = 1_700_000_000_000;
const MS = 1_000_000n;

/**
 * Creates clocks and a manual time of the server, and observes spans that are received `lagMs`
 * after they end.
 */
function bench() {
  let nowMs = BASE_MS;
  const told: WrongClock[] = [];
  const make = (): Clocks =>
    createClocks({ now: () => nowMs, onVerdict: (verdict) => void told.push(verdict) });
  let clocks = make();
  const services = new Map<string, Service>();
  const serviceOf = (name: string, more: Partial<Service>): Service => {
    const known = services.get(name);
    if (known !== undefined) return known;
    const service = { environment: '', name, version: '', instance: name, ...more };
    services.set(name, service);
    return service;
  };
  const span = (name: string, lagMs: number, more: Partial<Service> = {}): Span => ({
    ...aSpan({ trace: '1', id: '1', at: nowMs - BASE_MS - lagMs, ms: 0, received: nowMs }),
    service: serviceOf(name, more),
  });
  return {
    told,
    span,
    get clocks() {
      return clocks;
    },
    hear: (name: string, lagMs: number) => clocks.observe([span(name, lagMs)]),
    wait: (from: string, to: string, ms: number) =>
      clocks.waited(span(from, 0), span(to, 0), BigInt(ms) * MS),
    aheadMs: (name: string, receivedMs = 0) =>
      Number(clocks.aheadNs({ ...span(name, 0), receivedAtMs: nowMs - receivedMs }) / MS),
    pass(ms: number) {
      nowMs += ms;
    },
    restart() {
      const stored = clocks.takeChanged();
      clocks = make();
      if (stored !== null) clocks.load(stored);
    },
  };
}

/**
 * Observes one span of each of `a` to `d`, whose clocks are right, and of the processes in `wrong`,
 * each with the time from the span's end to its receipt, ms.
 */
function heard(...wrong: [string, number][]) {
  const all = bench();
  for (const name of ['a', 'b', 'c', 'd']) all.hear(name, 50);
  for (const [name, lagMs] of wrong) all.hear(name, lagMs);
  return all;
}

test('a span that came before it ended shows a clock that is ahead, at once', () => {
  const all = heard(['gate', -3_600_000]);
  expect([...all.clocks.revise()]).toEqual(['\0gate\0gate']);
  expect(all.aheadMs('gate')).toBe(3_600_000);
  expect(all.aheadMs('a')).toBe(0);
  expect(all.clocks.wrong()).toEqual([
    { environment: '', service: 'gate', instance: 'gate', aheadMs: 3_600_000 },
  ]);
});

test('what is seen better is told in whole cells, and only then', () => {
  const all = heard(['gate', -2503]);
  expect(all.clocks.revise().size).toBe(1);
  expect(all.aheadMs('gate')).toBe(2500);
  all.pass(2000);
  all.hear('gate', -2510);
  expect(all.clocks.revise().size).toBe(0);
  all.pass(2000);
  all.wait('gate', 'a', -2952);
  expect(all.clocks.revise().size).toBe(1);
  expect(all.aheadMs('gate')).toBe(2950);
  expect(all.told).toHaveLength(1);
});

test('nothing is told of differences that clocks of one network have', () => {
  const all = heard(['gate', -60]);
  all.wait('gate', 'a', -90);
  expect([all.clocks.dueAtMs, all.clocks.revise().size]).toEqual([Infinity, 0]);
});

test('it is told at a pace, so that many wrong clocks cost little', () => {
  const all = heard(['gate', -3000]);
  for (const name of ['e', 'f', 'g', 'h']) all.hear(name, 50);
  const told = [1, 2, 3, 4].map((i) => {
    const { size } = all.clocks.revise();
    all.hear(`other${i}`, -5000);
    return size;
  });
  expect(told).toEqual([1, 1, 1, 0]);
  all.pass(all.clocks.dueAtMs - BASE_MS);
  expect(all.clocks.revise().size).toBe(2);
});

test('a clock that was set right is believed after two windows, and what came before keeps its time', () => {
  const all = heard(['gate', -3000]);
  all.clocks.revise();
  for (let minute = 0; minute < 4; minute++) {
    all.pass(60_000);
    for (const name of ['a', 'b', 'c', 'd', 'gate']) all.hear(name, 50);
    all.clocks.revise();
  }
  expect(all.told.map(({ aheadMs }) => aheadMs)).toEqual([3000, 0]);
  expect([all.aheadMs('gate'), all.aheadMs('gate', 4 * 60_000)]).toEqual([0, 3000]);
  expect(all.clocks.wrong()).toEqual([]);
});

test('a clock that drifts is followed, and what came before keeps its time', () => {
  const all = heard(['gate', -3000]);
  all.clocks.revise();
  for (let minute = 0; minute < 60; minute++) {
    all.pass(60_000);
    for (const name of ['a', 'b', 'c', 'd']) all.hear(name, 50);
    all.hear('gate', -3000 - minute * 10);
    all.clocks.revise();
  }
  expect(all.aheadMs('gate')).toBe(3575);
  expect(all.aheadMs('gate', 60 * 60_000)).toBeLessThan(3100);
});

test('a clock of which nothing is heard is not judged anew', () => {
  const all = heard(['gate', -3000]);
  all.clocks.revise();
  all.pass(3_600_000);
  all.hear('a', 40);
  all.hear('e', -9000);
  all.hear('f', 40);
  all.clocks.revise();
  expect(all.aheadMs('gate', 3_600_000)).toBe(3000);
});

describe('this server', () => {
  test('is behind where most senders are ahead of it, and then accuses none of them', () => {
    const all = bench();
    for (const [i, name] of ['a', 'b', 'c', 'd'].entries()) all.hear(name, -4000 - i * 100);
    expect(all.clocks.revise().size).toBe(0);
    expect(all.clocks.serverBehindMs).toBe(4300);
  });
  test('is behind, too, where others gather what they send', () => {
    const all = bench();
    for (const name of ['a', 'b']) all.hear(name, -400);
    for (const [i, name] of ['c', 'd', 'e'].entries()) all.hear(name, 1000 + i * 1000);
    expect([all.clocks.revise().size, all.clocks.serverBehindMs]).toEqual([0, 400]);
  });
  test('is not where others come in time: those are ahead', () => {
    const all = bench();
    for (const name of ['a', 'b']) all.hear(name, -4000);
    for (const name of ['c', 'd']) all.hear(name, 100);
    expect([all.clocks.revise().size, all.clocks.serverBehindMs]).toEqual([2, 0]);
  });
  test('is not where one is: that one is ahead', () => {
    const all = bench();
    all.hear('a', -4000);
    expect([all.clocks.revise().size, all.clocks.serverBehindMs]).toEqual([1, 0]);
  });
  test('that is behind still sees who is wrong', () => {
    const all = bench();
    for (const name of ['a', 'b', 'c']) all.hear(name, -4000);
    all.hear('gate', -90_000);
    all.clocks.revise();
    expect([all.aheadMs('a'), all.aheadMs('gate')]).toEqual([0, 86_000]);
  });
  test('whose clock was set back, and forth again, learns on', () => {
    const all = heard();
    all.pass(-3_600_000);
    for (const name of ['a', 'b', 'c', 'd']) all.hear(name, 50);
    all.hear('gate', -3000);
    all.clocks.revise();
    expect(all.aheadMs('gate')).toBe(3000);
  });
});

test('a time that was repaired says nothing', () => {
  const all = heard();
  all.clocks.observe([{ ...all.span('gate', -3000), warnings: ['end-out-of-range'] }]);
  expect(all.clocks.dueAtMs).toBe(Infinity);
});

test('a restart keeps what is told, and since when', () => {
  const all = heard(['gate', -3000]);
  all.clocks.revise();
  all.pass(1000);
  all.restart();
  expect([all.aheadMs('gate'), all.aheadMs('gate', 3_600_000)]).toEqual([3000, 0]);
  expect(all.clocks.takeChanged()).toBeNull();
});

test('a process is known by its id, else by host and service, else by its service', () => {
  const all = bench();
  const of = (instance: string, host?: string): Span =>
    all.span(`${instance} ${host}`, -3000, { name: 'x', instance, ...(host && { host }) });
  for (const one of [of('1'), of('2', 'h'), of('', 'h'), of('', 'g'), of('')])
    all.clocks.observe([one]);
  for (const name of 'abcdefgh') all.hear(name, 50);
  all.clocks.revise();
  expect(
    all.clocks
      .wrong()
      .map(({ instance }) => instance)
      .sort(),
  ).toEqual(['', '1', '2', 'g', 'h']);
});

test('however many send, memory is bounded', () => {
  const all = bench();
  for (let i = 0; i < 25_000; i++) {
    all.wait(`s${i}`, `t${i % 200}`, 5);
    if (i % 100 === 0) all.wait('hub', `s${i}`, -3000);
  }
  all.pass(2000);
  all.clocks.revise();
  expect(all.clocks.senders).toBe(10_000);
});
