import { describe, expect, test } from 'vitest';
import type { SpanSketch } from '../testing/builders.ts';
import { flowsOf } from '../testing/correlator-harness.ts';

/** Builds a consumer that sends the messages `sends` and then returns without an error. */
const handled = (sends: Partial<SpanSketch>[], more: Partial<SpanSketch> = {}): SpanSketch[] => [
  { trace: 'a', id: '1', role: 'send', service: 'shop', destination: 'mail', message: 'm', at: 0 },
  {
    ...{ trace: 'a', id: '2', parent: '1', role: 'process', service: 'mail', at: 20, ms: 30 },
    ...{ destination: 'mail', message: 'm', ...more },
  },
  ...sends.map((send, i): SpanSketch => ({
    ...{ trace: 'a', id: `${i + 3}`, parent: '2', role: 'send', service: 'mail', at: 30 + i },
    ...{ ms: 1, ...send },
  })),
];
const stepOf = (spans: SpanSketch[]): string => {
  const [flow] = flowsOf(...spans);
  const step = flow!.steps.find(({ service }) => service === 'mail')!;
  return `${step.status} ${step.attempts.map(({ status }) => status).join()}`;
};

describe('a message that its handler sends again', () => {
  test.each<[string, SpanSketch[]]>([
    ['to its own queue', handled([{ destination: 'mail', message: 'm' }])],
    ['to a retry queue', handled([{ destination: 'mail.retry', message: 'm' }])],
    ['to a numbered retry topic', handled([{ destination: 'mail-retry-1' }])],
    ['to dead letters of any name', handled([{ destination: 'DEAD_LETTER', message: 'm' }])],
    ['to its dead letters', handled([{ destination: 'mail-dlt' }])],
    ['to MassTransit’s errors', handled([{ destination: 'mail_error' }])],
    ['to those that were skipped', handled([{ destination: 'mail_skipped' }])],
  ])('%s was not handled', (_what, spans) => {
    expect(stepOf(spans)).toBe('failed failed');
  });
  test.each<[string, SpanSketch[]]>([
    ['another message to its own queue', handled([{ destination: 'mail', message: 'n' }])],
    ['several to its own queue', handled([{ destination: 'mail' }, { destination: 'mail' }])],
    ['the same message to somebody else', handled([{ destination: 'audit', message: 'm' }])],
    ['another message to dead letters', handled([{ destination: 'post.dlq', message: 'n' }])],
    [
      'dead letters that it files',
      handled([{ destination: 'mail.dlq' }], { destination: 'mail.dlq' }),
    ],
  ])('%s is work like any other', (_what, spans) => {
    expect(stepOf(spans)).toBe('ok ok');
  });

  test('is one step with its next attempts, and only the last one counts', () => {
    const again = (at: number, id: string, parent: string): SpanSketch[] => [
      {
        trace: 'a',
        id: `s${id}`,
        parent,
        role: 'send',
        service: 'mail',
        destination: 'mail',
        message: 'm',
        at,
      },
      {
        ...{ trace: 'a', id, parent: `s${id}`, role: 'process', service: 'mail', at: at + 10 },
        ...{ destination: 'mail', message: 'm', ms: 30 },
      },
    ];
    const twice = [...handled([]), ...again(40, '5', '2'), ...again(70, '6', '5')];
    expect(stepOf(twice)).toBe('retried failed,failed,ok');
    const given: SpanSketch = {
      ...{ trace: 'a', id: '7', parent: '6', role: 'send', service: 'mail', at: 90, ms: 1 },
      ...{ destination: 'DEAD_LETTER', message: 'm' },
    };
    expect(stepOf([...twice, given])).toBe('failed failed,failed,failed');
  });
});
