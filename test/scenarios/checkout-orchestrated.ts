import type { Scenario } from './scenario.ts';

/** Checkout conducts: it commands email, warehouse and rewards one after the other and waits for each reply. */
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
          do: [
            { startFlow: true, do: [{ work: 5 }, { command: 'ReserveStock', topic: 'warehouse.commands' }] },
          ],
        },
      ],
      on: [
        {
          topic: 'conductor.stock-reserved',
          step: 'after stock',
          do: [{ work: 2 }, { command: 'SendEmail', topic: 'email.commands' }],
        },
        {
          topic: 'conductor.email-sent',
          step: 'after email',
          do: [{ work: 2 }, { command: 'GrantPoints', topic: 'rewards.commands' }],
        },
        { topic: 'conductor.points-granted', step: 'finish', do: [{ work: 2 }, { completeFlow: true }] },
      ],
    },
    {
      name: 'stock',
      on: [
        {
          topic: 'warehouse.commands',
          step: 'reserve stock',
          do: [{ work: 40 }, { reply: 'StockReserved', topic: 'conductor.stock-reserved' }],
        },
      ],
    },
    {
      name: 'mailer',
      on: [
        {
          topic: 'email.commands',
          step: 'send email',
          do: [{ work: 20 }, { reply: 'EmailSent', topic: 'conductor.email-sent' }],
        },
      ],
    },
    {
      name: 'loyalty',
      on: [
        {
          topic: 'rewards.commands',
          step: 'grant points',
          do: [{ work: 10 }, { reply: 'PointsGranted', topic: 'conductor.points-granted' }],
        },
      ],
    },
  ],
  faults: {
    'mailer-dead': { service: 'mailer', kind: 'dead', rate: 1 },
    'stock-slow': { service: 'stock', kind: 'slow', rate: 0.2 },
    'loyalty-failing': { service: 'loyalty', kind: 'fail', rate: 0.2 },
  },
  expected: {
    steps: [
      { service: 'conductor', name: 'POST /orders' },
      { service: 'stock', name: 'reserve stock' },
      { service: 'conductor', name: 'after stock' },
      { service: 'mailer', name: 'send email' },
      { service: 'conductor', name: 'after email' },
      { service: 'loyalty', name: 'grant points' },
      { service: 'conductor', name: 'finish' },
    ],
    memberSteps: [],
    hops: 6,
    memberHops: 6,
  },
};
