import { describe, expect, test } from 'vitest';
import { RETURNS, shop } from '../systems/shop.ts';
import { play, type Played, type World } from './player.ts';
import { randomOf } from './shop-history.ts';

const START = 1_700_000_000_000;
const world = (over: Partial<World> = {}): World => ({
  random: randomOf(7),
  system: 'bus',
  takenAt: (_service, _order, atMs) => atMs,
  ...over,
});
const order = (fault?: string) => ({
  orderId: 'order-1',
  keys: { customer: 'Okafor' },
  flags: ['member'],
  ...(fault !== undefined && { fault }),
});
/** Returns the names of the steps, in order of their start. */
const stepsOf = ({ spans }: Played): string[] =>
  spans
    .filter(({ kind }) => kind !== 'producer' && kind !== 'client')
    .sort((a, b) => a.startMs - b.startMs)
    .map(({ service, attributes, name, failure }) => {
      const step = attributes['fermata.step.name'] ?? name;
      return `${service}: ${step}${failure ? ' failed' : ''}`;
    });
const outcomeOf = ({ spans }: Played): unknown =>
  spans.flatMap(({ attributes }) => attributes['fermata.flow.outcome'] ?? []);

test('an order takes the way that the scenario describes', () => {
  const played = play(shop, order(), START, world());
  expect(stepsOf(played).sort()).toEqual(
    [
      'checkout: POST /orders',
      'payment: take payment',
      'payment: charge card',
      'loyalty: grant points',
      'warehouse: reserve stock',
      'shipping: book parcel',
      'carrier: POST /labels',
      'mailer: send shipping mail',
      'checkout: close order',
    ].sort(),
  );
  expect(outcomeOf(played)).toEqual(['completed']);
  const events = played.events.filter(({ line }) => line === undefined);
  expect(events.map(({ eventName }) => eventName)).toEqual([
    'fermata.flow.started',
    'fermata.flow.completed',
  ]);
});

test('a return is a flow of its own type', () => {
  const played = play(shop, order(), START, world(), RETURNS);
  expect(played.spans[0]!.attributes).toMatchObject({
    'fermata.flow.type': 'return',
    'fermata.flow.key.customer': 'Okafor',
  });
  expect(outcomeOf(played)).toEqual(['completed']);
});

describe('a fault strikes as it would strike the service', () => {
  const playedWith = (fault: string): Played => play(shop, order(fault), START, world());
  test('a failed step that is dealt with', () => {
    const played = playedWith('card-declined');
    expect(stepsOf(played)).toContain('payment: charge card failed');
    expect(stepsOf(played)).toContain('payment: take payment');
    expect(outcomeOf(played)).toEqual(['failed']);
  });
  test('what was done is undone', () => {
    const played = playedWith('no-stock');
    const undo = played.spans.find(({ name }) => name === 'refund card')!;
    expect(undo.attributes['fermata.step.compensates']).toBe('charge card');
    expect(outcomeOf(played)).toEqual(['compensated']);
  });
  test('a delivery is repeated after pauses that double', () => {
    const tries = playedWith('carrier-busy').spans.filter(
      ({ attributes }) => attributes['fermata.step.name'] === 'book parcel',
    );
    expect(tries.map(({ failure }) => failure?.type)).toEqual([
      'CarrierBusy',
      'CarrierBusy',
      undefined,
    ]);
    expect(tries.map(({ attributes }) => attributes['fermata.step.attempt'])).toEqual([1, 2, 3]);
    expect(tries[2]!.startMs - tries[1]!.endMs).toBeCloseTo(1600, 3);
  });
  test('what cannot be handled is dead-lettered', () => {
    const dead = playedWith('points-locked').spans.filter(({ service }) => service === 'helpdesk');
    expect(dead.map(({ attributes }) => attributes['fermata.message.dead_lettered_from'])).toEqual([
      'payments.captured',
    ]);
  });
});

test('a message that is lost is sent, and nobody takes it', () => {
  const lost = world({ takenAt: (service, _, ms) => (service === 'shipping' ? null : ms) });
  const { spans } = play(shop, order(), START, lost);
  expect(spans.some(({ name }) => name === 'send stock.reserved')).toBe(true);
  expect(spans.some(({ service }) => service === 'shipping')).toBe(false);
});

test('spans are well formed: each has its own id, ends after it began and lies in its parent', () => {
  for (const fault of [undefined, ...Object.keys(shop.faults)]) {
    const { spans } = play(shop, order(fault), START, world());
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    expect(byId.size).toBe(spans.length);
    for (const { startMs, endMs, parentSpanId, link } of spans) {
      expect(endMs).toBeGreaterThan(startMs);
      if (link) expect(byId.get(link.spanId)!.endMs).toBeLessThanOrEqual(startMs);
      if (parentSpanId === undefined) continue;
      const parent = byId.get(parentSpanId)!;
      expect(startMs).toBeGreaterThanOrEqual(parent.startMs);
      expect(endMs).toBeLessThanOrEqual(parent.endMs);
    }
  }
});

test('services log what they do, and a failure with its stack', () => {
  const { spans, events } = play(
    shop,
    {
      ...order('card-declined'),
      keys: { customer: 'Okafor', amount: '12.00', country: 'SE' },
    },
    START,
    world(),
  );
  const lines = events.filter(({ line }) => line !== undefined);
  expect(lines[0]).toMatchObject({ service: 'checkout', line: { severity: 9 } });
  expect(lines.every(({ line }) => !line!.text.includes('?'))).toBe(true);
  const failed = lines.find(({ line }) => line!.severity === 17)!;
  const { service, name } = spans.find(({ spanId }) => spanId === failed.span!.spanId)!;
  expect([service, name]).toEqual(['payment', 'charge card']);
  expect(failed.line!.text).toBe('charge card failed: insufficient funds');
  expect(failed.attributes['exception.stacktrace']).toMatch(/^CardDeclined: insufficient funds\n/);
});
