import { expect, test } from 'vitest';
import { faultOf, MAILER_BACK_MS, nextAfter, PAYMENT, said } from './demo-plan.ts';
import { shop } from './systems/shop.ts';

test('within ten minutes of the start everything happens once', () => {
  const all: string[] = [];
  for (let ms = 0; ms < 600_000;) {
    const next = nextAfter(ms);
    expect(next.atMs).toBeGreaterThan(ms);
    all.push(next.what);
    ms = next.atMs;
  }
  expect(all.slice(0, 7)).toEqual([
    'mailer-back',
    'deploy',
    'rollback',
    'carrier-busy',
    'carrier-well',
    'mailer-down',
    'mailer-back',
  ]);
  expect(nextAfter(0).atMs).toBe(MAILER_BACK_MS);
});

test('faults are those of the shop, and those of a deployment end with it', () => {
  const faults = (deployed: boolean, carrierBusy = false): Set<string | undefined> =>
    new Set(
      Array.from({ length: 120 }, (_, n) => faultOf(n, { deployed, carrierBusy, isBegun: true })),
    );
  expect([...faults(false)].sort()).toEqual(
    ['carrier-busy', 'no-stock', 'points-locked', undefined].sort(),
  );
  expect(faults(true).has('token-refused')).toBe(true);
  for (const fault of [...faults(true, true)])
    if (fault !== undefined) expect(shop.faults).toHaveProperty(fault);
});

test('what happens is said with the page that shows it', () => {
  expect(said('mailer-down', 'http://127.0.0.1:4320')).toBe(
    'The mailer is down; orders wait for their mail. See http://127.0.0.1:4320/incidents',
  );
  expect(said('deploy', '')).toContain(PAYMENT.bad);
});
