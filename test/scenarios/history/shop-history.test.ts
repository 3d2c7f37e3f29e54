import { expect, test } from 'vitest';
import { RETURNS } from '../systems/shop.ts';
import type { Played } from './player.ts';
import { placedOrders, randomOf, shopHistory, STUCK, versionAt } from './shop-history.ts';

const NOW = Date.UTC(2026, 0, 7, 12);
const HOUR = 3_600_000;
const options = {
  ...{ nowMs: NOW, untilMs: NOW + 10_000, seed: 3, lengthMs: 24 * HOUR, rate: 0.7 },
  hourGapMs: 15_000,
  ...{ mailerBackMs: NOW + 75_000, system: 'bus' },
};
const idOf = ({ spans }: Played): unknown => spans[0]!.attributes['fermata.flow.id'];
const stepsOf = ({ spans }: Played): unknown[] =>
  spans.flatMap(({ attributes }) => attributes['fermata.step.name'] ?? []);

test('the same seed gives the same day', () => {
  expect(placedOrders(options, randomOf(3))).toEqual(placedOrders(options, randomOf(3)));
  expect(placedOrders(options, randomOf(3))).not.toEqual(placedOrders(options, randomOf(4)));
});

test('a day has some hundred orders, each number once, and returns among them', () => {
  const placed = placedOrders(options, randomOf(3));
  expect(placed.length).toBeGreaterThan(500);
  expect(placed.length).toBeLessThan(2000);
  const ids = placed.map(({ order }) => order.orderId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(placed.filter(({ entry }) => entry === RETURNS).length).toBeGreaterThan(30);
  expect(Math.min(...placed.map(({ atMs }) => atMs))).toBeLessThan(NOW - 23 * HOUR);
});

test('no failure is so young that its incident would be open', () => {
  const failing = placedOrders(options, randomOf(3)).filter(({ order }) =>
    ['card-declined', 'points-locked'].includes(order.fault ?? ''),
  );
  expect(failing.length).toBeGreaterThan(5);
  for (const { atMs } of failing) expect(NOW - atMs).toBeGreaterThan(15 * 60_000);
});

test('one order is stuck for good: its parcel was never booked', () => {
  const { played, nextNumber } = shopHistory(options);
  const stuck = played.filter((one) => idOf(one) === STUCK.orderId);
  expect(stuck).toHaveLength(1);
  expect(stepsOf(stuck[0]!)).toContain('reserve stock');
  expect(stepsOf(stuck[0]!)).not.toContain('book parcel');
  const agoMs = NOW - stuck[0]!.spans[0]!.startMs;
  expect(agoMs).toBeGreaterThan(STUCK.agoMs - 60_000);
  expect(agoMs).toBeLessThanOrEqual(STUCK.agoMs);
  expect(nextNumber).toBeGreaterThan(STUCK.number);
});

test('while the mailer is down orders wait, and are taken one after the other when it is back', () => {
  const mails = shopHistory(options)
    .played.flatMap(({ spans }) => spans)
    .filter(({ service, kind }) => service === 'mailer' && kind === 'consumer')
    .map(({ startMs }) => startMs)
    .sort((a, b) => a - b);
  expect(mails.filter((ms) => ms > NOW - 99_000 && ms < options.mailerBackMs)).toEqual([]);
  expect(mails.filter((ms) => ms >= options.mailerBackMs).length).toBeGreaterThan(60);
});

test('a deployment of the day shows in versions', () => {
  expect(versionAt('loyalty', NOW - 10 * HOUR, NOW)).toBe('1.8.2');
  expect(versionAt('loyalty', NOW - HOUR, NOW)).toBe('1.9.0');
  expect(versionAt('payment', NOW - 10 * HOUR, NOW)).toBe('2.4.0');
});
