import { expect, test } from 'vitest';
import { recoveryIn } from './recovery.ts';

/** Returns the headers that rascal 21 writes when it republishes or forwards a failed message. */
const rascal = (recovery: object) => ({
  rascal: { recovery, error: { name: 'Error', message: 'card refused', code: undefined } },
});

test.each([
  ['nothing', {}, {}],
  ['republished twice', rascal({ billing: { republished: 2 } }), { attempt: 3 }],
  ['forwarded through a queue for delays', rascal({ billing: { forwarded: 3 } }), { attempt: 4 }],
  ['both', rascal({ billing: { republished: 1, forwarded: 1 } }), { attempt: 3 }],
  ['given up elsewhere', rascal({ orders: { forwarded: 1 } }), { deadLetteredFrom: 'orders' }],
])('rascal, %s', (_, headers, expected) => {
  const failure = 'rascal' in headers ? { failure: 'card refused' } : {};
  expect(recoveryIn(headers, 'billing')).toEqual({ ...failure, ...expected });
});

const original = { 'x-original-channel': 'order.created', 'x-original-group': 'billing' };
test.each([
  ['delivered again', { 'x-redelivered-count': 2 }, { attempt: 3 }],
  [
    'given up, with its error',
    { ...original, 'x-error-message': 'card refused' },
    { deadLetteredFrom: 'billing.order.created', failure: 'card refused' },
  ],
  [
    'given up, without',
    original,
    {
      deadLetteredFrom: 'billing.order.created',
      failure: 'given up in billing.order.created',
    },
  ],
])('channels of moleculer, %s', (_, headers, expected) => {
  expect(recoveryIn(headers, 'billing')).toEqual(expected);
});
