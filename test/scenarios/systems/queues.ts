import { latency, type Scenario } from '../scenario.ts';
import { DEAD } from '../bus/bus.ts';

/** A queue whose consumer is down for a while and comes back. One message always fails. */
export const queueOutage: Scenario = {
  name: 'queue-outage',
  summary: 'A consumer is down and catches up; a poison message ends in the dead-letter queue.',
  flowType: 'parcel',
  entry: { service: 'shop', path: '/orders' },
  services: [
    {
      name: 'shop',
      http: [
        {
          path: '/orders',
          do: [{ startFlow: [{ work: 3 }, { publish: 'ParcelOrdered', to: 'parcels' }] }],
        },
      ],
    },
    { name: 'packing', on: [{ topic: 'parcels', step: 'pack parcel', do: [{ work: 6 }] }] },
    { name: 'operator', on: [{ topic: DEAD, step: 'look at it', do: [{ work: 1 }] }] },
  ],
  definition: { within: '5s', steps: [{ name: 'pack parcel', service: 'packing' }] },
  faults: {
    'packing-down': { service: 'packing', kind: 'dead' },
    poison: { service: 'packing', kind: 'fail' },
  },
  cases: [
    {
      name: 'healthy',
      seen: { status: 'completed', steps: ['shop: POST /orders', 'packing: pack parcel'] },
    },
    {
      name: 'down: undelivered; up again: drained',
      fault: 'packing-down',
      seen: {
        status: 'stuck',
        steps: ['shop: POST /orders'],
        findings: ['undelivered-message'],
        waiting: ['pack parcel'],
      },
      afterwards: {
        status: 'completed',
        steps: ['shop: POST /orders', 'packing: pack parcel'],
        mostly: 'queue-wait',
      },
    },
    {
      name: 'poison: three attempts, then dead-lettered',
      fault: 'poison',
      seen: {
        status: 'failed',
        steps: ['shop: POST /orders', 'packing: pack parcel', 'operator: look at it'],
        failed: ['pack parcel'],
        attempts: { 'pack parcel': 3 },
        findings: ['dead-letter', 'failed-step'],
      },
    },
  ],
  lenses: [
    latency('the share of queue wait over many flows', {
      kinds: [{ kind: 'queue-wait', shareAtP99: { atLeast: 0.5 } }],
    }),
  ],
};

/**
 * Calls that are retried with back-off. Requests that could not be sent are stored, and replayed
 * when the service is back.
 */
export const retryBackoff: Scenario = {
  name: 'retry-backoff',
  summary: 'Retries with back-off fold into one step; a replayed message joins its old flow.',
  flowType: 'invoice',
  entry: { service: 'billing', path: '/orders' },
  services: [
    {
      name: 'billing',
      http: [
        {
          path: '/orders',
          do: [
            {
              startFlow: [
                { work: 2 },
                {
                  if: 'kept',
                  do: [{ keep: 'invoice' }],
                  else: [{ publish: 'InvoiceMade', to: 'invoices' }],
                },
              ],
            },
          ],
        },
        { path: '/replay', do: [{ replay: 'InvoiceMade', to: 'invoices' }] },
      ],
    },
    { name: 'ledger', on: [{ topic: 'invoices', step: 'book invoice', do: [{ work: 5 }] }] },
  ],
  faults: {
    'ledger-flaky': { service: 'ledger', step: 'book invoice', kind: 'fail-times', times: 2 },
  },
  cases: [
    {
      name: 'healthy',
      seen: { status: 'completed', steps: ['billing: POST /orders', 'ledger: book invoice'] },
    },
    {
      name: 'two failures, then it works: one step, three attempts',
      fault: 'ledger-flaky',
      seen: {
        status: 'completed',
        steps: ['billing: POST /orders', 'ledger: book invoice'],
        attempts: { 'book invoice': 3 },
        mostly: 'retry-backoff',
      },
    },
    {
      name: 'kept, and replayed later: the same flow',
      flags: ['kept'],
      then: '/replay',
      seen: {
        status: 'completed',
        steps: ['billing: POST /orders', 'ledger: book invoice', '…'],
      },
    },
  ],
  lenses: [
    latency('the share of back-off over many flows', {
      chain: [{ kind: 'retry-backoff', step: 'book invoice', meanMs: { atLeast: 1 } }],
    }),
  ],
};
