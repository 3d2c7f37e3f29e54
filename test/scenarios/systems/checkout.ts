import { coordination, type Scenario } from '../scenario.ts';

/**
 * An orchestration: checkout sends commands to warehouse, email and rewards, one after another, and
 * waits for each reply.
 */
export const checkoutOrchestrated: Scenario = {
  name: 'checkout-orchestrated',
  summary: 'Checkout commands warehouse, email and rewards in turn and waits for their replies.',
  flowType: 'order-orchestrated',
  entry: { service: 'conductor', path: '/orders' },
  services: [
    {
      name: 'conductor',
      http: [
        {
          path: '/orders',
          do: [{ startFlow: [{ work: 5 }, { command: 'ReserveStock', to: 'warehouse.commands' }] }],
        },
      ],
      on: [
        {
          topic: 'conductor.stock-reserved',
          step: 'after stock',
          do: [{ command: 'SendEmail', to: 'email.commands' }],
        },
        {
          topic: 'conductor.email-sent',
          step: 'after email',
          do: [{ command: 'GrantPoints', to: 'rewards.commands' }],
        },
        {
          topic: 'conductor.points-granted',
          step: 'finish',
          do: [{ work: 2 }, { end: 'completed' }],
        },
      ],
    },
    {
      name: 'stock',
      on: [
        {
          topic: 'warehouse.commands',
          step: 'reserve stock',
          do: [{ work: 40 }, { reply: 'StockReserved', to: 'conductor.stock-reserved' }],
        },
      ],
    },
    {
      name: 'mailer',
      on: [
        {
          topic: 'email.commands',
          step: 'send email',
          do: [{ work: 20 }, { reply: 'EmailSent', to: 'conductor.email-sent' }],
        },
      ],
    },
    {
      name: 'loyalty',
      on: [
        {
          topic: 'rewards.commands',
          step: 'grant points',
          do: [{ work: 10 }, { reply: 'PointsGranted', to: 'conductor.points-granted' }],
        },
      ],
    },
  ],
  definition: {
    steps: [
      { name: 'reserve stock', service: 'stock', within: '5s' },
      { name: 'send email', service: 'mailer', after: 'reserve stock', within: '5s' },
      { name: 'grant points', service: 'loyalty', after: 'send email', within: '5s' },
      { name: 'finish', service: 'conductor', after: 'grant points', within: '5s' },
    ],
  },
  faults: {
    'mailer-dead': { service: 'mailer', kind: 'dead' },
    'stock-slow': { service: 'stock', kind: 'slow', ms: 800 },
    'loyalty-failing': { service: 'loyalty', kind: 'fail' },
  },
  cases: [
    {
      name: 'healthy',
      seen: {
        status: 'completed',
        steps: [
          'conductor: POST /orders',
          'stock: reserve stock',
          'conductor: after stock',
          'mailer: send email',
          'conductor: after email',
          'loyalty: grant points',
          'conductor: finish',
        ],
      },
    },
    {
      name: 'an endpoint that fails is named',
      fault: 'loyalty-failing',
      seen: {
        status: 'failed',
        steps: ['loyalty: grant points', '…'],
        failed: ['grant points'],
        findings: ['failed-step'],
        attempts: { 'grant points': 3 },
      },
    },
    {
      name: 'a dead endpoint is waited for; back again, it catches up',
      fault: 'mailer-dead',
      seen: {
        status: 'stuck',
        steps: ['conductor: POST /orders', 'stock: reserve stock', 'conductor: after stock'],
        findings: ['undelivered-message'],
        waiting: ['send email'],
      },
      afterwards: { status: 'completed', steps: ['mailer: send email', 'conductor: finish', '…'] },
    },
  ],
  lenses: [
    coordination('orchestrated, coupling 3', {
      ...{ verdict: 'orchestrated', conductor: 'conductor', coupling: 3 },
      knows: [{ service: 'conductor', knows: ['loyalty', 'mailer', 'stock'] }],
      ifStops: [{ service: 'conductor', flowsShare: 1 }],
    }),
  ],
};

const customers = ['member', 'guest'] as const;

/**
 * A choreography: checkout publishes that an order was created; email, warehouse and rewards react
 * in any order, without commands.
 */
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
              startFlow: [
                { work: 8 },
                {
                  if: 'member',
                  do: [{ publish: 'OrderCreated', to: 'order.created.member' }],
                  else: [{ publish: 'OrderCreated', to: 'order.created.guest' }],
                },
              ],
            },
          ],
        },
      ],
      on: [
        { topic: 'order.shipped', step: 'close order', do: [{ work: 4 }, { end: 'completed' }] },
      ],
    },
    {
      name: 'email',
      on: customers.map((customer) => ({
        topic: `order.created.${customer}`,
        step: 'send confirmation',
        do: [{ work: 25 }],
      })),
    },
    {
      name: 'warehouse',
      on: customers.map((customer) => ({
        topic: `order.created.${customer}`,
        step: 'ship order',
        do: [{ work: 60 }, { publish: 'OrderShipped', to: 'order.shipped' }],
      })),
    },
    {
      name: 'rewards',
      on: [{ topic: 'order.created.member', step: 'grant points', do: [{ work: 15 }] }],
    },
  ],
  faults: {
    'warehouse-dead': { service: 'warehouse', kind: 'dead' },
    'email-slow': { service: 'email', kind: 'slow', ms: 500 },
    'rewards-failing': { service: 'rewards', step: 'grant points', kind: 'fail-times', times: 1 },
  },
  cases: [
    {
      name: 'healthy, a member',
      flags: ['member'],
      seen: {
        status: 'completed',
        steps: [
          'checkout: POST /orders',
          'email: send confirmation',
          'warehouse: ship order',
          'rewards: grant points',
          'checkout: close order',
        ],
      },
    },
    {
      name: 'a guest gets no points, and nothing is missing',
      seen: {
        status: 'completed',
        steps: [
          'checkout: POST /orders',
          'email: send confirmation',
          'warehouse: ship order',
          'checkout: close order',
        ],
      },
    },
    {
      name: 'a failure that a retry mends folds into one step',
      flags: ['member'],
      fault: 'rewards-failing',
      seen: {
        status: 'completed',
        steps: ['rewards: grant points', '…'],
        attempts: { 'grant points': 2 },
      },
    },
  ],
  lenses: [
    coordination('choreographed', {
      ...{ verdict: 'choreographed', conductor: null, coupling: 0 },
      listeners: ['email', 'warehouse', 'rewards'].map((service) => ({
        ...{ message: 'OrderCreated', from: 'checkout', service },
      })),
    }),
  ],
};

/**
 * A choreography that a fourth service, analytics, joins while orders are running and later leaves.
 */
export const checkoutFourthService: Scenario = {
  name: 'checkout-fourth-service',
  summary: 'A fourth service subscribes to OrderCreated, later it stops.',
  flowType: 'order-fourth',
  entry: { service: 'checkout', path: '/orders' },
  services: [
    {
      name: 'checkout',
      http: [
        {
          path: '/orders',
          do: [{ startFlow: [{ work: 3 }, { publish: 'OrderCreated', to: 'order.created' }] }],
        },
      ],
    },
    {
      name: 'email',
      on: [{ topic: 'order.created', step: 'send confirmation', do: [{ work: 5 }] }],
    },
    { name: 'warehouse', on: [{ topic: 'order.created', step: 'ship order', do: [{ work: 9 }] }] },
    { name: 'analytics', on: [{ topic: 'order.created', step: 'count order', do: [{ work: 2 }] }] },
  ],
  definition: {
    within: '5s',
    steps: [
      { name: 'send confirmation', service: 'email' },
      { name: 'ship order', service: 'warehouse' },
      { name: 'count order', service: 'analytics' },
    ],
  },
  faults: {
    'analytics-gone': { service: 'analytics', kind: 'silent' },
    'analytics-dead': { service: 'analytics', kind: 'dead' },
  },
  cases: [
    {
      name: 'four services, each order one flow',
      seen: {
        status: 'completed',
        steps: [
          'checkout: POST /orders',
          'email: send confirmation',
          'warehouse: ship order',
          'analytics: count order',
        ],
      },
    },
    {
      name: 'the fourth is gone: others took the message',
      fault: 'analytics-dead',
      seen: {
        status: 'stuck',
        steps: ['checkout: POST /orders', 'email: send confirmation', 'warehouse: ship order'],
        findings: ['missing-step'],
        waiting: ['count order'],
      },
      afterwards: { status: 'completed', steps: ['analytics: count order', '…'] },
    },
  ],
  lenses: [
    coordination('who listens to OrderCreated, since when', {
      listeners: ['email', 'warehouse', 'analytics'].map((service) => ({
        ...{ message: 'OrderCreated', from: 'checkout', service, since: { contains: 'T' } },
      })),
    }),
  ],
};
