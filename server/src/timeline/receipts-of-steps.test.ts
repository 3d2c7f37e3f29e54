import { describe, expect, test } from 'vitest';
import type { SpanSketch } from '../testing/builders.ts';
import { flowsOf } from '../testing/correlator-harness.ts';

/** Tests that a delivery and its handling are one step, however many spans describe them. */
const sent: SpanSketch = {
  trace: 'a',
  id: '1',
  role: 'send',
  service: 'shop',
  destination: 'q',
  ms: 1,
};
const receive = (over: Partial<SpanSketch> = {}): SpanSketch => ({
  ...{ trace: 'a', id: '2', parent: '1', remote: true, role: 'receive' },
  ...{ service: 'mail', destination: 'q', group: 'g', at: 10, ms: 1 },
  ...over,
});
const process = (over: Partial<SpanSketch> = {}): SpanSketch => ({
  ...receive({ id: '3', role: 'process', at: 11, ms: 50 }),
  ...over,
});
const stepsOf = (...spans: SpanSketch[]): string[] => {
  const flows = flowsOf(sent, ...spans);
  expect(flows).toHaveLength(1);
  return flows[0]!.steps
    .filter(({ service }) => service !== 'shop')
    .map(({ typeKey, status, attempts, receipt }) =>
      [typeKey, status, attempts.length, receipt === undefined ? '' : receipt.isHandled].join('|'),
    );
};
const handled = ['mail process q|ok|1|true'];

describe('what is told of a delivery before its work', () => {
  test.each([
    ['above it', [receive(), process({ parent: '2', remote: false })]],
    ['beside it', [receive(), process()]],
    [
      'beside it, by a user who says neither where nor for whom',
      [receive(), process({ destination: '', group: '' })],
    ],
    ['as work of no role', [receive(), process({ parent: '2', role: 'internal', remote: false })]],
  ])('is one step with what is told %s', (_how, spans) => {
    expect(stepsOf(...spans)).toEqual(handled);
    expect(stepsOf(...spans.reverse())).toEqual(handled);
  });

  test('is the same kind of step alone, and says that nothing came after it', () => {
    expect(stepsOf(receive())).toEqual(['mail process q|ok|1|false']);
  });

  test('is told by its own span where that lasts as long as the work', () => {
    expect(stepsOf(receive({ ms: 100 }), process({ parent: '2', role: 'internal' }))).toEqual([
      'mail process q|ok|1|',
    ]);
    expect(stepsOf(process())).toEqual(['mail process q|ok|1|']);
  });

  test('goes with the work of the same attempt', () => {
    const again = [receive({ id: '4', at: 200 }), process({ id: '5', at: 201, failed: true })];
    expect(stepsOf(receive(), process({ failed: true }), ...again)).toEqual([
      'mail process q|failed|2|true',
    ]);
    // The second delivery was received, but no work on it yet, so `isHandled` is false.
    expect(stepsOf(receive(), process({ failed: true }), receive({ id: '4', at: 200 }))[0]).toMatch(
      /\|2\|false$/,
    );
  });

  test.each([
    ['destination', { destination: 'other' }],
    ['group', { group: 'other' }],
    ['service', { service: 'other' }],
  ])('is a step of its own beside work of another %s', (_what, over) => {
    expect(stepsOf(receive(), process(over))).toHaveLength(2);
  });
});
