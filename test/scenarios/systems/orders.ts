import { coordination, type Action, type Scenario } from '../scenario.ts';

const done = (service: string): Action => ({
  publish: `${service}Done`,
  to: `${service.toLowerCase()}.done`,
});

/**
 * One process in three styles, selected by a flag of the order: choreographed, orchestrated, or
 * both.
 */
export const orderHybrid: Scenario = {
  name: 'order-hybrid',
  summary: 'Orders, notification, seller and logistics: choreographed, orchestrated and hybrid.',
  flowType: 'order-hybrid',
  entry: { service: 'orders', path: '/orders' },
  services: [
    {
      name: 'orders',
      http: [
        {
          path: '/orders',
          do: [
            {
              startFlow: [
                { work: 3 },
                {
                  if: 'orchestrated',
                  do: [{ command: 'Prepare', to: 'seller.commands' }],
                  else: [{ publish: 'OrderPlaced', to: 'order.placed' }],
                },
                { if: 'hybrid', do: [{ command: 'Prepare', to: 'seller.commands' }] },
              ],
            },
          ],
        },
      ],
      on: [
        {
          topic: 'orders.prepared',
          step: 'prepared',
          do: [{ command: 'Ship', to: 'logistics.commands' }],
        },
        { topic: 'orders.shipped', step: 'shipped', do: [{ end: 'completed' }] },
        { topic: 'logistics.done', step: 'close', do: [{ end: 'completed' }] },
      ],
    },
    {
      name: 'notification',
      on: [{ topic: 'order.placed', step: 'notify buyer', do: [{ work: 4 }] }],
    },
    {
      name: 'seller',
      on: [
        {
          topic: 'order.placed',
          step: 'see order',
          do: [
            { work: 3 },
            { if: '!hybrid', do: [{ step: 'prepare', do: [{ work: 4 }] }, done('Seller')] },
          ],
        },
        {
          topic: 'seller.commands',
          step: 'prepare',
          do: [{ work: 6 }, { reply: 'Prepared', to: 'orders.prepared' }],
        },
      ],
    },
    {
      name: 'logistics',
      on: [
        { topic: 'seller.done', step: 'ship', do: [{ work: 7 }, done('Logistics')] },
        {
          topic: 'logistics.commands',
          step: 'ship',
          do: [{ work: 7 }, { reply: 'Shipped', to: 'orders.shipped' }],
        },
      ],
    },
  ],
  definition: {
    steps: [
      { name: 'prepare', service: 'seller', within: '4s' },
      { name: 'ship', service: 'logistics', after: 'prepare', within: '4s' },
    ],
    ends: [{ step: 'shipped' }, { step: 'close' }],
  },
  faults: { 'logistics-silent': { service: 'logistics', kind: 'dead' } },
  cases: [
    {
      name: 'choreographed',
      seen: {
        status: 'completed',
        steps: [
          'orders: POST /orders',
          'notification: notify buyer',
          'seller: see order',
          'seller: prepare',
          'logistics: ship',
          'orders: close',
        ],
      },
    },
    {
      name: 'orchestrated',
      flags: ['orchestrated'],
      seen: {
        status: 'completed',
        steps: [
          'orders: POST /orders',
          'seller: prepare',
          'orders: prepared',
          'logistics: ship',
          'orders: shipped',
        ],
      },
    },
    {
      name: 'hybrid',
      flags: ['hybrid'],
      seen: {
        status: 'completed',
        steps: [
          'orders: POST /orders',
          'notification: notify buyer',
          'seller: see order',
          'seller: prepare',
          'orders: prepared',
          'logistics: ship',
          'orders: shipped',
        ],
      },
    },
    {
      name: 'logistics is down',
      fault: 'logistics-silent',
      seen: {
        status: 'stuck',
        steps: ['seller: prepare', '…'],
        waiting: ['ship'],
        findings: ['undelivered-message'],
      },
      afterwards: { status: 'completed', steps: ['logistics: ship', '…'] },
    },
  ],
  lenses: [
    coordination('three styles recognised', {
      styles: [{ style: 'orchestrated' }, { style: 'choreographed' }, { style: 'hybrid' }],
    }),
  ],
};
