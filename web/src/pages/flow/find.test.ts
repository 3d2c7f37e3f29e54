import type { Flow, FlowLog, RawSpan } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { findIn, nextOf } from './find.ts';

const step = (id: string, more: object = {}): object => ({
  id,
  name: `do ${id}`,
  service: 'shop',
  error: null,
  attempts: [],
  spanIds: [`span ${id}`],
  traceId: 't',
  status: 'ok',
  ...more,
});
const flow = {
  steps: [
    step('a', { status: 'retried' }),
    step('b', { service: 'Bank' }),
    step('c', { error: { type: 'E', message: 'declined' } }),
  ],
  hops: [
    { id: 'h', from: 'c', to: null, message: { type: 'Shipped', destination: 'mail', id: 'm1' } },
  ],
  waitingFor: [{ id: 'w', hopId: 'h', step: 'send', service: 'mailer', message: 'mail' }],
} as unknown as Flow;
const spans = [
  { name: 'x', spanId: 'span a', attributes: { 'order.id': 42 }, events: [] },
  {
    name: 'y',
    spanId: 'span b',
    attributes: {},
    events: [{ name: 'retry', attributes: { n: 1 } }],
  },
] as unknown as RawSpan[];
const logs = [
  { spanId: 'span b', body: 'Disk is full', service: 'Bank', eventName: '', attributes: {} },
  {
    spanId: '',
    body: 'disk is slow',
    service: '',
    eventName: '',
    attributes: { 'host.name': 'h9' },
  },
  { spanId: 'span c', body: '', service: '', eventName: 'gone', attributes: { code: 507 } },
] as unknown as FlowLog[];
const ids = (text: string): string[] | undefined => findIn(flow, spans, logs, text)?.ids;

test('finds by service, error, message, attribute and event, in order of time', () => {
  expect(ids('retried')).toEqual(['a']);
  expect(ids('bank')).toEqual(['b']);
  expect(ids('DECLINED')).toEqual(['c']);
  expect(ids('shipped')).toEqual(['c', 'await:w']);
  expect(ids('mailer')).toEqual(['await:w']);
  expect(ids('42')).toEqual(['a']);
  expect(ids('retry')).toEqual(['b']);
  expect([ids('disk is'), ids('gone'), ids('507'), ids('h9')]).toEqual([['b'], ['c'], ['c'], []]);
  expect(ids('do ')).toEqual(['a', 'b', 'c']);
  expect(ids('nothing')).toEqual([]);
  expect(ids(' ')).toBeUndefined();
});

test('the next match comes after the selected step, and after the last one the first', () => {
  expect(nextOf(['a', 'b'], null, 1)).toBe('a');
  expect(nextOf(['a', 'b'], 'a', 1)).toBe('b');
  expect(nextOf(['a', 'b'], 'b', 1)).toBe('a');
  expect(nextOf(['a', 'b'], 'a', -1)).toBe('b');
  expect(nextOf([], 'a', 1)).toBeNull();
});
