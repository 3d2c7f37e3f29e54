import { expect, test } from 'vitest';
import type { Flow, Hop, Step, StepAttempt } from '../../contract/index.ts';
import { bar } from './bars.ts';
import { flowText } from './flow.ts';

const NOW = Date.parse('2026-11-29T12:00:10Z');
const nanos = (second: number): string => `${NOW - 10_000 + second * 1000}000000`;
const attempt = (from: number, to: number | null, status: StepAttempt['status']): StepAttempt => ({
  ...{ number: 1, startUnixNano: nanos(from), endUnixNano: to === null ? null : nanos(to) },
  ...{ status, spanId: '', error: null },
});
const step = (id: string, attempts: StepAttempt[], more: Partial<Step> = {}): Step =>
  ({
    ...{ id, service: 'shop', name: id, status: attempts.at(-1)!.status, attempts, error: null },
    ...{ startUnixNano: attempts[0]!.startUnixNano, endUnixNano: attempts.at(-1)!.endUnixNano },
    ...{ compensatedBy: [], ...more },
  }) as Step;
const flow = (steps: Step[], more: Partial<Flow> = {}): Flow =>
  ({
    ...{ id: 'f', key: 'order-1', type: 'order', environment: '', keys: {}, status: 'active' },
    ...{ phase: 'open', health: 'ok', startedAtUnixNano: nanos(0), stepCount: steps.length },
    ...{ steps, hops: [], findings: [], waitingFor: [], timeSpent: [], relations: [] },
    ...{ services: ['shop'], durationMs: 10_000, ...more },
  }) as unknown as Flow;
const barOf = (text: string, name: string): string =>
  text
    .split('\n')
    .find((line) => line.startsWith(`shop: ${name}`))!
    .split(' s  ')
    .at(-1)!;

test('parts take one character at least, and later ones cover earlier ones', () => {
  expect(bar([{ from: 0.5, to: 0.5, mark: 'x' }], 4)).toBe('  x');
  expect(
    bar(
      [
        { from: 0, to: 1, mark: '.' },
        { from: 0.75, to: 1, mark: 'x' },
      ],
      4,
    ),
  ).toBe('...x');
  expect(bar([{ from: 1, to: 2, mark: 'x' }], 4)).toBe('   x');
});

test('each attempt is drawn by itself, and what runs goes on until now', () => {
  const tried = step('pay', [attempt(0, 2, 'failed'), attempt(8, 10, 'ok')]);
  const text = flowText(flow([tried, step('pack', [attempt(5, null, 'running')])]), NOW, 40);
  expect(barOf(text, 'pay ×2')).toMatch(/^▓{3,4} +█{3,4}$/);
  expect(barOf(text, 'pack')).toMatch(/^ +▒{9,11}$/);
});

test('a message that waited is drawn before the step that took it', () => {
  const hop = { from: 'a', to: 'pack', sync: false, sentUnixNano: nanos(0) } as Hop;
  const steps = [step('pack', [attempt(5, 10, 'ok')])];
  const hops = [{ ...hop, message: {}, evidence: [{ kind: 'link', strength: 0.95 }] } as Hop];
  const text = flowText(flow(steps, { hops }), NOW, 40);
  expect(barOf(text, 'pack')).toMatch(/^·{9,10}█{9,11}$/);
  expect(text).toContain('1 × link (95 %)');
});

test('related flows that could not be read are not passed over in silence', () => {
  const related = { kind: 'child', flowId: 'c', target: 'packing-1', viaSpanId: '' } as const;
  const textOf = (relations: Flow['relations'], relationsUnread: boolean): string =>
    flowText(flow([], { relations, relationsUnread }), NOW, 40);
  expect(textOf([], false)).not.toContain('Related flows');
  expect(textOf([related], false)).not.toContain('could not be read');
  for (const relations of [[], [related]])
    expect(textOf(relations, true)).toContain('  some could not be read now');
});
