import { expect, test } from 'vitest';
import { routeOf } from './route.ts';

test('a path leads to a page, and to what it names', () => {
  expect(routeOf('/')).toEqual({ page: 'overview', id: null });
  expect(routeOf('/flows')).toEqual({ page: 'flows', id: null });
  expect(routeOf('/flow/order%2042%2Fa')).toEqual({ page: 'flow', id: 'order 42/a' });
  expect(routeOf('/incidents')).toEqual({ page: 'incidents', id: null });
  expect(routeOf('/incidents/abc')).toEqual({ page: 'incidents', id: 'abc' });
  expect(routeOf('/alerts')).toEqual({ page: 'alerts', id: null });
});

test('what is no page is said to be none, also a broken escape', () => {
  for (const path of ['/flow', '/flow/a/b', '/flows/', '/nothing', '/flow/%E0%A4'])
    expect(routeOf(path)).toEqual({ page: 'nowhere', id: null });
});
