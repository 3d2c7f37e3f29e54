import { expect, test } from 'vitest';
import type { Incident } from '@fermata/server/contract';
import { routeOf } from './route.ts';
import { CLOSED, stepStored, tourOf } from './tour.ts';

const incident = (over: Partial<Incident>): Incident =>
  ({ id: 'i1', service: 'mailer', severity: 'critical', status: 'open', ...over }) as Incident;

test('five steps lead to pages that there are', () => {
  const steps = tourOf([]);
  expect(steps).toHaveLength(5);
  for (const { href } of steps) expect(routeOf(href.split('?')[0]!).page).not.toBe('nowhere');
});

test('the incident of the mailer is led to once it is there, an open one first', () => {
  const hrefOf = (...incidents: Incident[]): string => tourOf(incidents)[1]!.href;
  expect(hrefOf()).toBe('/incidents');
  expect(hrefOf(incident({ service: 'payment' }))).toBe('/incidents');
  expect(hrefOf(incident({ id: 'old', status: 'resolved' }), incident({ id: 'a/b' }))).toBe(
    '/incidents/a%2Fb',
  );
});

test('the step is remembered, and so is that the tour was closed', () => {
  expect(stepStored(null, 5)).toBe(0);
  expect(stepStored('3', 5)).toBe(3);
  expect(stepStored(CLOSED, 5)).toBeNull();
  for (const nonsense of ['5', '-1', 'x', '1.5']) expect(stepStored(nonsense, 5)).toBe(0);
});
