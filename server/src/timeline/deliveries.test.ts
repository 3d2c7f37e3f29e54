import { describe, expect, test } from 'vitest';
import type { SpanSketch } from '../testing/builders.ts';
import { flowsOf } from '../testing/correlator-harness.ts';

/**
 * Tests which deliveries are attempts of one step. A delivery belongs to a send and a subscription.
 * A delivery to another subscription is a step of its own, and a second one to the same
 * subscription is another attempt. If a consumer passes its message on, the next delivery is an
 * attempt too.
 */
const sent: SpanSketch[] = [
  { trace: 'a1', id: '1', role: 'server', service: 'shop' },
  {
    trace: 'a1',
    id: '2',
    parent: '1',
    role: 'send',
    service: 'shop',
    system: 'rabbitmq',
    destination: 'placed',
    message: 'm',
    at: 5,
  },
];
let count = 0;
/** Builds a delivery of the message that `sent` sends, unless `over` changes that. */
const taken = (over: Partial<SpanSketch>): SpanSketch => ({
  trace: `d${++count}`,
  id: `${count + 100}`,
  role: 'process',
  service: 'notify',
  system: 'rabbitmq',
  message: 'm',
  destination: 'placed',
  at: 100 * count,
  links: ['a1/2'],
  ...over,
});
const again = (
  by: SpanSketch,
  destination: string,
  over: Partial<SpanSketch> = {},
): SpanSketch => ({
  ...{
    trace: by.trace,
    id: `${++count + 100}`,
    parent: by.id,
    role: 'send' as const,
    message: 'm',
  },
  system: 'rabbitmq',
  ...{ service: by.service!, at: by.at! + 5, destination },
  ...over,
});
const linkTo = ({ trace, id }: SpanSketch): Partial<SpanSketch> => ({ links: [`${trace}/${id}`] });

/**
 * Returns the status, the number of attempts and the badges of each step of a consuming service.
 */
const stepsOf = (...spans: SpanSketch[]): string[] => {
  const flows = flowsOf(...sent, ...spans);
  expect(flows).toHaveLength(1);
  return flows[0]!.steps
    .filter((step) => step.service !== 'shop')
    .map((step) =>
      [
        step.status,
        step.attempts.length,
        ...step.badges.filter((badge) => badge !== 'broken-context'),
      ].join(' '),
    );
};

describe('one send that comes to several places', () => {
  const places = ['mail', 'push', 'letter'];
  test.each([
    ['queues', places.map((destination) => ({ destination }))],
    ['groups', places.map((group) => ({ group }))],
    [
      'queues, known by the id of the message alone',
      places.map((destination) => ({ destination, links: [] })),
    ],
    [
      'queues, and nobody says which message',
      places.map((destination) => ({ destination, message: '' })),
    ],
    ['handlers', places.map((name) => ({ step: { name } }))],
    ['services', places.map((service) => ({ service }))],
  ])('is a step for each of three %s', (_what, deliveries) => {
    expect(stepsOf(...deliveries.map(taken))).toEqual(['ok 1', 'ok 1', 'ok 1']);
  });

  test('is retried where it failed, and only there', () => {
    expect(
      stepsOf(
        taken({ destination: 'mail', failed: true }),
        taken({ destination: 'push' }),
        taken({ destination: 'mail' }),
      ),
    ).toEqual(['retried 2', 'ok 1']);
  });
});

test('messages that one span sent are different ones, whatever its own id', () => {
  const [flow] = flowsOf(
    { trace: 'a1', id: '1', role: 'send', batch: 2, message: 'm', flow: 'o', type: 't' },
    ...['2', '3'].map((id): SpanSketch => ({
      ...taken({ trace: `b${id}`, id, message: '', links: ['a1/1'] }),
      ...{ flow: 'o', type: 't' },
    })),
  );
  expect(flow!.steps.slice(1).map((step) => step.attempts.length)).toEqual([1, 1]);
});

describe('one send that comes to one place again', () => {
  test.each([
    ['by link', {}],
    ['by the id of the message', { links: [] }],
    ['without an id', { message: '' }],
    ['from a queue named after the exchange', { destination: 'placed' }],
    ['from a queue of its own', { destination: 'mail' }],
    ['in a group', { group: 'g' }],
  ])('is an attempt: %s', (_what, over) => {
    expect(stepsOf(taken({ ...over, failed: true }), taken(over))).toEqual(['retried 2']);
    expect(stepsOf(taken(over), taken(over))).toEqual(['ok 2 duplicate-processing']);
  });

  test('by way of a queue that is named as its retry queue, is an attempt', () => {
    for (const retry of ['mail.retry', 'mail-retry-0', 'mail_retry_5s', 'retry.mail'])
      expect(
        stepsOf(taken({ destination: 'mail', failed: true }), taken({ destination: retry })),
        retry,
      ).toEqual(['retried 2']);
  });
});

describe('a message that was sent again while it was processed', () => {
  test.each(['mail.retry', 'later', 'placed'])(
    'is an attempt from wherever it comes: %s',
    (destination) => {
      const first = taken({ destination: 'mail', failed: true });
      const resent = again(first, destination);
      expect(stepsOf(first, resent, taken({ destination, ...linkTo(resent) }))).toEqual([
        'retried 2',
      ]);
      // The headers were passed on unchanged, so the second delivery still names the first send.
      expect(stepsOf(first, resent, taken({ destination }))).toEqual(['retried 2']);
      // The deliveries state no message id, so only the sends tell which message was taken.
      expect(
        stepsOf(
          { ...first, message: '' },
          resent,
          taken({ destination, message: '', ...linkTo(resent) }),
        ),
      ).toEqual(['retried 2']);
    },
  );

  test('was not processed by whoever passed it on, and is not retried by another subscription', () => {
    const first = taken({ destination: 'mail' });
    const resent = again(first, 'later');
    const other = taken({ destination: 'push' });
    expect(
      stepsOf(first, resent, other, taken({ destination: 'later', ...linkTo(resent) })),
    ).toEqual(['retried 2', 'ok 1']);
  });

  test('any number of times is one step, in the group that took it first', () => {
    const spans: SpanSketch[] = [];
    let delivery = taken({ destination: 'mail', group: 'g', failed: true });
    for (let i = 0; i < 5; i++) {
      const resent = again(delivery, `later-${i}`);
      spans.push(delivery, resent);
      delivery = taken({
        destination: `later-${i}`,
        group: `g-${i}`,
        failed: i < 4,
        ...linkTo(resent),
      });
    }
    expect(stepsOf(...spans, delivery)).toEqual(['retried 6']);
  });

  test('to and fro between two queues is one step', () => {
    const first = taken({ destination: 'mail', failed: true });
    const there = again(first, 'later');
    const second = taken({ destination: 'later', failed: true });
    const back = again(second, 'mail');
    expect(stepsOf(first, there, second, back, taken({ destination: 'mail' }))).toEqual([
      'retried 3',
    ]);
  });

  test('is a step of its own for another service', () => {
    const first = taken({ destination: 'mail' });
    const resent = again(first, 'archive');
    expect(
      stepsOf(
        first,
        resent,
        taken({ destination: 'archive', service: 'archive', ...linkTo(resent) }),
      ),
    ).toEqual(['ok 1', 'ok 1']);
  });
});

test('the id of a job names it in its queue only, so that a job of another queue is another one', () => {
  const job = { system: 'bullmq', message: 'order-7' };
  const first = taken({ ...job, destination: 'reserve' });
  const next = again(first, 'charge', job);
  const charge = taken({ ...job, destination: 'charge', ...linkTo(next) });
  expect(stepsOf(first, next, charge)).toEqual(['ok 1', 'ok 1']);
  // In its own queue it is the same job once more.
  const back = again(first, 'reserve', job);
  expect(stepsOf(first, back, taken({ ...job, destination: 'reserve', ...linkTo(back) }))).toEqual([
    'retried 2',
  ]);
});

describe('what a handler sent to the retries of the place where it was', () => {
  const first = taken({ destination: 'mail', group: 'g', message: '', failed: true });
  const retried = (destination: string, over: Partial<SpanSketch> = {}): SpanSketch[] => {
    const resent = again(first, destination, { message: '' });
    return [
      first,
      resent,
      taken({ destination, group: 'g', message: '', ...linkTo(resent), ...over }),
    ];
  };

  test.each(['mail-retry', 'mail-retry-0', 'mail.retry', 'mail.retry.5s', 'mail_retries'])(
    'is an attempt where nobody names the message: %s',
    (place) => {
      expect(stepsOf(...retried(place))).toEqual(['retried 2']);
      expect(stepsOf(...retried(place, { failed: true }))).toEqual(['failed 2']);
    },
  );

  test.each([
    ['another service', 'mail-retry', { service: 'other' }],
    ['a place of another name', 'letter-retry', {}],
    ['a place that says nothing of retries', 'mail-2', {}],
  ])('is a step of its own: %s', (_what, place, over) => {
    expect(stepsOf(...retried(place, over))).toHaveLength(2);
  });
});

describe('what was given up', () => {
  test.each([
    'mail.dead',
    'mail-dlq',
    'dlx',
    'ActiveMQ.DLQ',
    'dead-letters',
    'mail_error',
    'mail-dlt',
  ])('and is looked after by the same service failed all the same: %s', (destination) => {
    const first = taken({ destination: 'mail', failed: true });
    expect(stepsOf(first, taken({ destination }))).toEqual(['failed 1', 'ok 1']);
    // Here the handler itself sends the message on.
    const resent = again(first, destination);
    expect(stepsOf(first, resent, taken({ destination, ...linkTo(resent) }))).toEqual([
      'failed 1',
      'ok 1',
    ]);
    expect(stepsOf(first, taken({ dead: true, message: 'm' }))).toEqual(['failed 1', 'ok 1']);
  });
});

test('two generated groups are two subscriptions, and one that gets the message again tries again', () => {
  const one = { subscription: 'anonymous.1' };
  expect(stepsOf(taken(one), taken({ subscription: 'anonymous.2' }))).toHaveLength(2);
  expect(stepsOf(taken({ ...one, failed: true }), taken(one))).toHaveLength(1);
});
