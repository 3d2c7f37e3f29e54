import type { Scenario } from './scenario.ts';

/** Checkout tells that an order was created; email, warehouse and rewards react, in any order, none told by anyone. */
export const checkoutChoreographed: Scenario = {
  name: 'checkout-choreographed',
  summary: 'Checkout emits OrderCreated; email, warehouse and (for members) rewards subscribe.',
  flowType: 'order-choreographed',
  entry: { service: 'checkout', path: '/orders' },
  services: [
    {
      name: 'checkout',
      http: [
        {
          path: '/orders',
          do: [
            {
              startFlow: true,
              do: [
                { work: 8 },
                { publish: 'OrderCreated', topic: 'order.created.member', member: true },
                { publish: 'OrderCreated', topic: 'order.created.guest', member: false },
              ],
            },
          ],
        },
      ],
      on: [{ topic: 'order.shipped', step: 'close order', do: [{ work: 4 }, { completeFlow: true }] }],
    },
    {
      name: 'email',
      on: [
        { topic: 'order.created.member', step: 'send confirmation', do: [{ work: 25 }] },
        { topic: 'order.created.guest', step: 'send confirmation', do: [{ work: 25 }] },
      ],
    },
    {
      name: 'warehouse',
      on: [
        {
          topic: 'order.created.member',
          step: 'ship order',
          do: [{ work: 60 }, { publish: 'OrderShipped', topic: 'order.shipped' }],
        },
        {
          topic: 'order.created.guest',
          step: 'ship order',
          do: [{ work: 60 }, { publish: 'OrderShipped', topic: 'order.shipped' }],
        },
      ],
    },
    { name: 'rewards', on: [{ topic: 'order.created.member', step: 'grant points', do: [{ work: 15 }] }] },
  ],
  faults: {
    'warehouse-dead': { service: 'warehouse', kind: 'dead', rate: 1 },
    'email-slow': { service: 'email', kind: 'slow', rate: 0.2 },
    'rewards-failing': { service: 'rewards', kind: 'fail', rate: 0.3 },
  },
  expected: {
    steps: [
      { service: 'checkout', name: 'POST /orders' },
      { service: 'email', name: 'send confirmation' },
      { service: 'warehouse', name: 'ship order' },
      { service: 'checkout', name: 'close order' },
    ],
    memberSteps: ['grant points'],
    hops: 3,
    memberHops: 4,
  },
};
