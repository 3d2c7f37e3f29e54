import { DEAD } from '../bus/bus.ts';
import type { Scenario } from '../scenario.ts';

/** The service and path to which returns of goods are sent. */
export const RETURNS = { service: 'returns', path: '/returns' };

/**
 * The shop of the demo. An order is choreographed by events; a return is orchestrated by one
 * service that sends commands. The names are those that people in a shop would use.
 */
export const shop: Scenario = {
  name: 'shop',
  summary: 'A shop: orders are choreographed, returns are orchestrated.',
  flowType: 'order',
  entry: { service: 'checkout', path: '/orders' },
  services: [
    {
      name: 'checkout',
      http: [
        {
          path: '/orders',
          do: [{ startFlow: [{ work: 12 }, { publish: 'OrderPlaced', to: 'orders.placed' }] }],
        },
      ],
      on: [
        { topic: 'mails.sent', step: 'close order', do: [{ work: 4 }, { end: 'completed' }] },
        { topic: 'payments.failed', step: 'reject order', do: [{ work: 4 }, { end: 'failed' }] },
        {
          topic: 'payments.refunded',
          step: 'cancel order',
          do: [{ work: 4 }, { end: 'compensated' }],
        },
      ],
    },
    {
      name: 'payment',
      on: [
        {
          topic: 'orders.placed',
          step: 'take payment',
          do: [
            {
              attempt: [
                { step: 'charge card', do: [{ work: 160 }] },
                { publish: 'PaymentCaptured', to: 'payments.captured' },
              ],
              onFailure: [{ publish: 'PaymentFailed', to: 'payments.failed' }],
            },
          ],
        },
        {
          topic: 'stock.unavailable',
          step: 'give money back',
          do: [
            { compensate: 'charge card', by: 'refund card', do: [{ work: 110 }] },
            { publish: 'PaymentRefunded', to: 'payments.refunded' },
          ],
        },
        {
          topic: 'payment.commands',
          step: 'refund customer',
          do: [{ work: 120 }, { reply: 'CustomerRefunded', to: 'returns.refunded' }],
        },
      ],
    },
    {
      name: 'warehouse',
      on: [
        {
          topic: 'payments.captured',
          step: 'reserve stock',
          do: [
            { work: 45 },
            {
              if: 'no-stock',
              do: [{ publish: 'StockUnavailable', to: 'stock.unavailable' }],
              else: [{ publish: 'StockReserved', to: 'stock.reserved' }],
            },
          ],
        },
        {
          topic: 'warehouse.commands',
          step: 'inspect parcel',
          do: [{ work: 90 }, { reply: 'ParcelInspected', to: 'returns.inspected' }],
        },
      ],
    },
    {
      name: 'shipping',
      on: [
        {
          topic: 'stock.reserved',
          step: 'book parcel',
          do: [
            { work: 15 },
            { call: '/labels', of: 'carrier' },
            { publish: 'ParcelShipped', to: 'parcels.shipped' },
          ],
        },
      ],
    },
    { name: 'carrier', http: [{ path: '/labels', do: [{ work: 85 }] }] },
    {
      name: 'mailer',
      on: [
        {
          topic: 'parcels.shipped',
          step: 'send shipping mail',
          do: [{ work: 35 }, { publish: 'MailSent', to: 'mails.sent' }],
        },
        {
          topic: 'mail.commands',
          step: 'send refund mail',
          do: [{ work: 35 }, { reply: 'RefundMailSent', to: 'returns.mailed' }],
        },
      ],
    },
    {
      name: 'loyalty',
      on: [
        {
          topic: 'payments.captured',
          step: 'grant points',
          do: [{ if: 'member', do: [{ work: 25 }], else: [{ work: 3 }] }],
        },
      ],
    },
    {
      name: 'returns',
      http: [
        {
          path: '/returns',
          do: [
            {
              startFlow: [{ work: 8 }, { command: 'InspectParcel', to: 'warehouse.commands' }],
              type: 'return',
            },
          ],
        },
      ],
      on: [
        {
          topic: 'returns.inspected',
          step: 'after inspection',
          do: [{ work: 3 }, { command: 'RefundCustomer', to: 'payment.commands' }],
        },
        {
          topic: 'returns.refunded',
          step: 'after refund',
          do: [{ work: 3 }, { command: 'SendRefundMail', to: 'mail.commands' }],
        },
        { topic: 'returns.mailed', step: 'close return', do: [{ work: 3 }, { end: 'completed' }] },
      ],
    },
    {
      name: 'helpdesk',
      on: [{ topic: DEAD, step: 'look at dead letter', do: [{ work: 2 }] }],
    },
  ],
  definition: {
    steps: [
      { name: 'take payment', service: 'payment', within: '10s' },
      { name: 'reserve stock', service: 'warehouse', after: 'take payment', within: '10s' },
      { name: 'book parcel', service: 'shipping', after: 'reserve stock', within: '20s' },
      { name: 'send shipping mail', service: 'mailer', after: 'book parcel', within: '10s' },
      { name: 'close order', service: 'checkout', after: 'send shipping mail', within: '10s' },
    ],
  },
  lines: {
    '/orders': [
      { level: 'info', text: '{order} accepted: {amount} EUR, customer {customer}, to {country}' },
    ],
    'take payment': [
      { level: 'debug', text: 'card of {customer} found in the vault' },
      { level: 'info', text: 'taking {amount} EUR for {order}' },
    ],
    'charge card': [
      { level: 'info', text: 'POST https://pay.example/v2/charges amount={amount} currency=EUR' },
    ],
    'give money back': [{ level: 'warn', text: 'giving back {amount} EUR: no stock for {order}' }],
    'reserve stock': [
      { level: 'info', text: 'reserving the lines of {order} in warehouse DE-3' },
      { level: 'warn', text: 'article 7731 is out of stock in all warehouses', if: 'no-stock' },
    ],
    'book parcel': [
      { level: 'info', text: 'asking the carrier for a label to {country}' },
      { level: 'debug', text: 'service level "standard", 1 parcel, 2.4 kg' },
    ],
    '/labels': [{ level: 'info', text: 'label requested for {order}' }],
    'send shipping mail': [{ level: 'info', text: 'mail "shipped" to {customer} queued at SMTP' }],
    'grant points': [
      { level: 'debug', text: 'member card of {customer} looked up' },
      { level: 'info', text: 'points for {amount} EUR granted', if: 'member' },
    ],
    'close order': [{ level: 'info', text: '{order} is complete' }],
    'reject order': [{ level: 'warn', text: '{order} rejected: the payment failed' }],
    'cancel order': [{ level: 'warn', text: '{order} cancelled, the money was given back' }],
    '/returns': [{ level: 'info', text: 'return of {order} announced by {customer}' }],
    'inspect parcel': [{ level: 'info', text: 'parcel opened: as good as new' }],
    'refund customer': [{ level: 'info', text: 'refunding {amount} EUR to {customer}' }],
    'send refund mail': [{ level: 'info', text: 'mail "refunded" to {customer} queued at SMTP' }],
    'look at dead letter': [{ level: 'warn', text: 'a dead letter of {order} needs a person' }],
  },
  faults: {
    'no-stock': { flag: 'no-stock' },
    'carrier-busy': {
      ...{ service: 'shipping', step: 'book parcel', kind: 'fail-times', times: 2 },
      error: { type: 'CarrierBusy', message: 'the carrier takes no more labels, try again later' },
    },
    'points-locked': {
      ...{ service: 'loyalty', step: 'grant points', kind: 'fail' },
      error: { type: 'AccountLocked', message: 'the points account is locked' },
    },
    'card-declined': {
      ...{ service: 'payment', step: 'charge card', kind: 'fail' },
      error: { type: 'CardDeclined', message: 'insufficient funds' },
    },
    'token-refused': {
      ...{ service: 'payment', step: 'charge card', kind: 'fail' },
      error: { type: 'InvalidCardToken', message: 'the payment provider refused the card token' },
    },
    'mailer-down': { service: 'mailer', kind: 'dead' },
  },
  cases: [],
  lenses: [],
};
