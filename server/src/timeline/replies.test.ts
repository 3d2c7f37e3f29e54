import { describe, expect, test } from 'vitest';
import { criticalPath, durationIf, timeSpent, traitsOf } from '../analyze/index.ts';
import type { SpanSketch } from '../testing/builders.ts';
import { flowsOf } from '../testing/correlator-harness.ts';

/**
 * Builds a shop that asks for a price by a message, and takes the answer while its own request is
 * still running.
 */
const asked = (back: string, asker = 'shop', more: Partial<SpanSketch> = {}): SpanSketch[] => [
  { trace: 'a', id: '1', role: 'server', service: 'shop', at: 0, ms: 1000, route: 'POST /orders' },
  {
    trace: 'a',
    id: '2',
    parent: '1',
    role: 'send',
    service: 'shop',
    at: 10,
    destination: 'prices',
  },
  {
    trace: 'a',
    id: '3',
    parent: '2',
    role: 'process',
    service: 'price',
    at: 420,
    ms: 50,
    destination: 'prices',
  },
  {
    trace: 'a',
    id: '4',
    parent: '3',
    role: 'send',
    service: 'price',
    at: 460,
    ms: 10,
    destination: back,
    ...more,
  },
  {
    trace: 'a',
    id: '5',
    parent: '4',
    role: 'process',
    service: asker,
    at: 870,
    ms: 5,
    destination: back,
  },
];
type Kind = NonNullable<SpanSketch['kind']>;
const kindsOf = (...spans: SpanSketch[]): [string, string] => {
  const [flow] = flowsOf(...spans);
  const hop = flow!.hops.find(({ sendSpanId }) => sendSpanId?.endsWith('4'))!;
  return [hop.message.kind, flow!.steps.find(({ id }) => id === hop.to)!.kind];
};

describe('an answer that nobody calls a reply', () => {
  test.each([
    ['prices.replies'],
    ['prices.reply'],
    ['prices-responses'],
    ['prices:response'],
    ['reply'],
    ['(temporary)'],
  ])('comes back by %s', (back) => {
    expect(kindsOf(...asked(back))).toEqual(['reply', 'reply']);
  });
  test.each([
    ['a destination of another name', asked('prices.done')],
    ['a name with the word inside', asked('replies.archived')],
    ['another service', asked('prices.replies', 'audit')],
    ['who sent it', asked('prices.replies', 'price')],
    ['a message of another kind', asked('prices.replies', 'shop', { kind: 'command' })],
  ])('%s takes none', (_what, spans) => {
    expect(kindsOf(...spans)).not.toContain('reply');
  });

  test('a step that takes for an event what its sender calls a reply, took a reply', () => {
    const said = (kind: Kind, taken: Kind): SpanSketch[] =>
      asked('prices.done', 'audit', { kind }).map((span) =>
        span.id === '5' ? { ...span, kind: taken } : span,
      );
    expect(kindsOf(...said('reply', 'event'))).toEqual(['reply', 'reply']);
    expect(kindsOf(...said('reply', 'command'))).toEqual(['reply', 'command']);
    expect(kindsOf(...said('event', 'event'))).toEqual(['event', 'event']);
  });

  test('its time is the wait of its messages, not work', () => {
    const spent = (back: string) =>
      Object.fromEntries(
        flowsOf(...asked(back)).flatMap((flow) =>
          timeSpent(criticalPath(flow)).map(({ kind, ms }) => [kind, ms]),
        ),
      );
    expect(spent('prices.replies')).toEqual({
      'queue-wait': 800,
      orchestrator: 150,
      processing: 50,
    });
    expect(spent('prices.done')['queue-wait']).toBeUndefined();
  });
});

describe('a send that lasts until the message is handled', () => {
  const request = (sent: Partial<SpanSketch>, handled: Partial<SpanSketch> = {}): SpanSketch[] => {
    const [root, send, process] = asked('');
    return [
      root!,
      { ...send!, ms: 800, kind: 'command', ...sent },
      { ...process!, ms: 300, ...handled },
    ];
  };
  const seen = (spans: SpanSketch[]) => {
    const [flow] = flowsOf(...spans);
    const [hop] = flow!.hops;
    return {
      wait: hop!.waitMs,
      answered: hop!.returned === null ? null : Number(hop!.returned - flow!.started) / 1e6,
      spent: Object.fromEntries(
        timeSpent(criticalPath(flow!)).map(({ kind, ms }) => [kind, Math.round(ms)]),
      ),
    };
  };

  test.each(['command', 'query'] as const)('waited for the answer, if it is a %s', (kind) => {
    expect(seen(request({ kind }))).toEqual({
      wait: 410,
      answered: 810,
      // The sender works before it asks and after it was answered; the answer takes 90 ms.
      spent: { processing: 10 + 300 + 190, 'queue-wait': 410, 'sync-call': 90 },
    });
  });
  test('its wait is a part of what the sender takes', () => {
    const [flow] = flowsOf(...request({}));
    const halved = traitsOf(flow!).segments.ids.map((id) => durationIf(flow!, id, 0.5));
    // Half of the wait, of the answer's way, and of the work of the sender and of the receiver.
    expect(halved.sort()).toEqual([1000 - 100, 1000 - 150, 1000 - 205, 1000 - 45].sort());
  });
  test('waited for the broker alone, if it is an event', () => {
    expect(seen(request({ kind: 'event' }))).toMatchObject({ wait: 0, answered: null });
  });
  test('waited for no answer, if the handling lasts longer', () => {
    expect(seen(request({}, { ms: 500 }))).toMatchObject({ wait: 0, answered: null });
    expect(seen(request({ ms: 10 }))).toMatchObject({ wait: 400, answered: null });
  });
  test('the answers of others, who come too late, are not waited for', () => {
    const late: Partial<SpanSketch> = { id: '6', service: 'archive', ms: 5000 };
    const [root, send, process] = request({});
    const [flow] = flowsOf(root!, send!, process!, { ...process!, ...late });
    const told = flow!.hops.map(({ to, returned }) => [
      flow!.steps.find(({ id }) => id === to)!.service,
      returned !== null,
    ]);
    expect(Object.fromEntries(told)).toEqual({ price: true, archive: false });
  });
});
